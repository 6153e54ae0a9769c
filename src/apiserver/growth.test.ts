import { expect, test } from 'vitest';
import { growth, linear, type Work } from '../../test/support/growth.ts';
import { parseObject } from '../api/embedded/writing/parse.ts';
import { mergePatch } from '../api/patches/merge-patch.ts';
import { strategicMergePatch } from '../api/patches/strategic-merge-patch.ts';
import { parseFieldSelector } from '../api/selectors.ts';
import type { Json } from '../lib/json.ts';
import type { Kind } from '../model/kind.ts';
import { anyKind, configMaps, nodes, persistentVolumeClaims, roleBindings, secrets } from '../model/kinds/index.ts';
import { parseLabelSelector, selectorLimits } from '../model/label-selector.ts';
import { qualifiedNameErrors, subdomainErrors } from '../model/names.ts';
import { canonicalQuantity, quantity } from '../model/quantity.ts';
import { jsonSchemaOf } from './discovery/kind-schema.ts';
import { duplicateFields } from './wire/body/json-duplicates.ts';
import { unknownFields } from './wire/body/unknown-fields.ts';
import { parseYaml } from './wire/body/yaml-body.ts';
import { parseAccept } from './wire/reply/negotiation.ts';

/** What the body, the URL and the headers of a request can bring, and what reads it. */
const works: Record<string, Work<never>> = {};
function work<T>(name: string, make: (size: number) => T, run: (input: T) => unknown, upTo = 100_000): void {
  works[name] = { make, run, upTo } as unknown as Work<never>;
}
const many = <T>(size: number, each: (at: number) => T): T[] => Array.from({ length: size }, (_, at) => each(at));
const record = (size: number, each: (at: number) => unknown) =>
  Object.fromEntries(many(size, (at) => [`k${at}`, each(at)]));
const digits = (size: number) => '7'.repeat(size);

work('a quantity of many digits', digits, canonicalQuantity);
work(
  'one that is none',
  (size) => `${digits(size)}x`,
  (text) => quantity.safeParse(text),
);
work('a name of many parts', (size) => `${'a.'.repeat(size)}!`, subdomainErrors);
work('a label key', (size) => `${'a-'.repeat(size)}!`, qualifiedNameErrors);

const terms = selectorLimits.characters;
work('label selector: spaces', (size) => `a=${' '.repeat(size)}b c`, parseLabelSelector, terms);
work('label selector: more spaces', (size) => `! ${' '.repeat(size)}(`, parseLabelSelector, terms);
work('label selector: a long key', (size) => `${'a'.repeat(size)} (`, parseLabelSelector, terms);
work(
  'label selector: many values',
  (size) => `a in (${many(size / 2, () => 'b').join(',')})`,
  parseLabelSelector,
  terms,
);
work(
  'field selector: spaces',
  (size) => `a${' '.repeat(size)}b`,
  (text) => parseFieldSelector(nodes, text),
  terms,
);
work(
  'field selector: commas',
  (size) => ','.repeat(size),
  (text) => parseFieldSelector(nodes, text),
  terms,
);
work('an Accept header', (size) => 'a/b;c=d,'.repeat(size / 8), parseAccept, 16_384);

const keys = { list: 'name', set: '' };
const elements = (size: number) => many(size, (at) => ({ name: `n${at}` }));
const strategic = (patch: (size: number) => object) => ({
  make: (size: number) => [{ list: elements(size), set: many(size, String) }, patch(size)] as const,
  run: ([target, body]: readonly [object, object]) => strategicMergePatch(target as Json, body as Json, keys),
});
for (const [name, patch] of Object.entries<(size: number) => object>({
  'same elements': (size) => ({ list: elements(size).reverse() }),
  'other elements': (size) => ({ list: many(size, (at) => ({ name: `m${at}` })) }),
  'deleted elements': (size) => ({ list: many(size, (at) => ({ name: `n${at}`, $patch: 'delete' })) }),
  'values of a set': (size) => ({ set: many(size, (at) => `m${at}`) }),
  'values to delete': (size) => ({ '$deleteFromPrimitiveList/set': many(size, String) }),
  'an order': (size) => ({ '$setElementOrder/list': elements(size).reverse(), list: elements(size / 2) }),
  'an order alone': (size) => ({ '$setElementOrder/set': many(size, String).reverse() }),
  'keys to retain': (size) => ({ $retainKeys: many(size, String) }),
})) {
  work(`strategic merge: ${name}`, strategic(patch).make, strategic(patch).run);
}
work(
  'a merge patch',
  (size) => record(size, () => ({ a: null })) as Json,
  (body) => mergePatch({}, body),
);

const manyTimes = (size: number, text: string) => `{${many(size, () => text).join(',')}}`;
work('a key many times', (size) => manyTimes(size, '"a":1'), duplicateFields);
work(
  'many keys twice',
  (size) => `{${[...many(size, (at) => `"${at}":1`), ...many(size, (at) => `"${at}":1`)].join(',')}}`,
  duplicateFields,
);
work('keys twice below a long one', (size) => `{"${'a'.repeat(size)}":${manyTimes(size, '"a":1')}}`, duplicateFields);
work(
  'keys that no kind knows',
  (size) => record(size, () => 1),
  (body) => unknownFields(jsonSchemaOf(anyKind(persistentVolumeClaims)), body),
);

const object = (kind: string, more: object) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'a', namespace: 'b', ...('metadata' in more ? (more.metadata as object) : {}) },
  ...Object.fromEntries(Object.entries(more).filter(([key]) => key !== 'metadata')),
});
const checked = (kind: Kind) => (value: object) => {
  const it = parseObject(kind, value, 'a');
  return kind.validate?.(it, it);
};
const maps = (name: string, more: (size: number) => object) =>
  work(`a ConfigMap with ${name}`, (size) => object('ConfigMap', more(size)), checked(anyKind(configMaps)));
maps('much data', (size) => ({ data: record(size, String) }));
maps('data that is no text', (size) => ({ data: record(size, Number) }));
maps('keys that are none', (size) => ({ data: Object.fromEntries(many(size, (at) => [`${at}/`, ''])) }));
maps('labels that are none', (size) => ({ metadata: { labels: record(size, () => '/') } }));
maps('annotations', (size) => ({ metadata: { annotations: record(size, String) } }));
maps('finalizers', (size) => ({ metadata: { finalizers: many(size, (at) => `a/b${at}`) } }));
maps('owners that are none', (size) => ({ metadata: { ownerReferences: many(size, () => ({})) } }));
maps('one long value', (size) => ({ binaryData: { a: 'AAAA'.repeat(size) } }));
work(
  'a Secret with one long value',
  (size) => object('Secret', { data: { a: `${'AAAA'.repeat(size)}A` } }),
  checked(anyKind(secrets)),
  700_000,
);
work(
  'subjects of a binding',
  (size) => many(size, () => ({ kind: 'X', name: '' })),
  (subjects) =>
    roleBindings.validate?.({
      ...(object('RoleBinding', {}) as object),
      roleRef: { apiGroup: '', kind: '', name: '' },
      subjects,
    } as never),
);

test.each(Object.entries(works))('%s', (_name, work) => {
  expect(growth(work)).toBeLessThan(linear);
});

// Reading it waits for its library, so that it is not measured: what could cost much is refused.
test.each([
  ['signs that are wrong', '}'.repeat(3_000_000)],
  ['a list in a list in a list', '['.repeat(3_000_000)],
  ['many entries', 'a: b\n'.repeat(500_000)],
  [
    'an alias of an alias of an alias',
    [
      'a: &a [x,x,x]',
      ...many(
        20,
        (at) =>
          `${String.fromCharCode(98 + at)}: &${String.fromCharCode(98 + at)} [${many(9, () => `*${String.fromCharCode(97 + at)}`)}]`,
      ),
    ].join('\n'),
  ],
])('YAML: %s', async (_name, text) => {
  await expect(parseYaml(text)).rejects.toThrow(/more than 20000 parts|Excessive alias count/);
});
