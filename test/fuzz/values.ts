import type { Random } from './random.ts';

/** What is dangerous to take for a key, and what is merely odd. */
export const oddKeys = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'length',
  '',
  '0',
  '-1',
  '-',
  '~',
  '~1',
  '~0~1',
  'a/b',
  '$patch',
  '$retainKeys',
  '$setElementOrder/finalizers',
  '$deleteFromPrimitiveList/finalizers',
  'kubernetes.io/metadata.name',
  'a'.repeat(300),
  '\u0000',
  '\ud800',
  'ключ',
] as const;

const fields = [
  'metadata',
  'spec',
  'status',
  'data',
  'stringData',
  'binaryData',
  'type',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'managedFields',
  'resources',
  'requests',
  'storage',
  'accessModes',
  'parameters',
  'rules',
  'subjects',
  'name',
] as const;

const texts = [
  '',
  'a',
  '10Gi',
  '1e999999999',
  '-0',
  '0x10',
  '1.5.5Gi',
  '2026-01-01T00:00:00Z',
  '9999999-99-99T99:99:99Z',
  '../../etc/passwd',
  '\ud800',
  '\u0000',
  'AAAA',
  'ReadWriteOnce',
] as const;

const numbers = [0, -0, -1, 1.5, 1e308, 2 ** 31, 2 ** 53, -(2 ** 63), 2 ** 64] as const;

/** A key of an object. */
export function key(random: Random): string {
  return random.oneOf(
    () => random.pick(fields),
    () => random.pick(oddKeys),
    () => `k${random.below(50)}`,
  );
}

export function text(random: Random, longest = 1_000_000): string {
  return random.oneOf(
    () => random.pick(texts),
    () => random.pick(texts),
    () => random.pick(['7', 'a', '-', '.', '\\', '"', 'é', '!', '/']).repeat(random.length(longest)),
  );
}

/** Any JSON value; `depth` levels of it are left. */
export function value(random: Random, depth = 5): unknown {
  const kind = random.below(depth > 0 ? 7 : 5);
  if (kind === 0) return null;
  if (kind === 1) return random.onceIn(2);
  if (kind === 2) return random.pick(numbers);
  if (kind < 5) return text(random, random.onceIn(20) ? 1_000_000 : 100);
  const count = random.length(random.onceIn(50) ? 20_000 : 6);
  if (kind === 5) return Array.from({ length: count }, () => value(random, count > 100 ? 0 : depth - 1));
  // Made from pairs, so that `__proto__` becomes a key.
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [
      count > 100 ? `k${at}` : key(random),
      value(random, count > 100 ? 0 : depth - 1),
    ]),
  );
}

/** JSON text that is valid, but that no program writes. */
export function oddJson(random: Random): string {
  const many = random.length(100_000);
  return random.oneOf(
    () => `${'['.repeat(many)}${']'.repeat(many)}`,
    () => `${'{"a":'.repeat(many)}1${'}'.repeat(many)}`,
    () => `{"metadata":{"name":"f-0"}${',"a":1'.repeat(many)}}`,
    () => `{"metadata":{"name":"f-0","labels":{${'"a":"b",'.repeat(many)}"c":"d"}}}`,
    () => `{"metadata":{"name":"f-0"},"data":{"a":${'9'.repeat(many)}}}`,
    () => `{"metadata":{"name":"f-0"},"data":{"a":1e${many}}}`,
    () => `{"metadata":{"name":"f-0","finalizers":[${'"a/b",'.repeat(many)}"c/d"]}}`,
    () => `{"metadata":{"name":"f-0","ownerReferences":[${'{"uid":"a"},'.repeat(many)}{}]}}`,
    () => `{${Array.from({ length: many / 10 }, (_, at) => `"k${at}":{}`).join(',')}}`,
    () => `{"metadata":{"__proto__":{"name":"f-0"},"name":"f-1"},"__proto__":{"a":1}}`,
    () => `"${'\\u0000'.repeat(many)}"`,
    () => 'null',
    () => '',
    () => '{',
  );
}

/** YAML that is more than it seems. */
export function oddYaml(random: Random): string {
  const many = random.length(20_000);
  return random.oneOf(
    () => 'metadata: &a\n  name: f-0\n  labels: *a\n',
    () =>
      Array.from({ length: 12 }, (_, at) => `a${at}: &a${at} [${`*a${at - 1},`.repeat(at === 0 ? 0 : 9)}x]`).join('\n'),
    () => '&a [*a, *a]',
    () => `metadata: !!js/function "return 1"\nname: !!binary ${'A'.repeat(many)}\n`,
    () => 'metadata: !!set {a, b}\ndata: !!omap [a: b]\n? {a: b}\n: c\n',
    () => 'metadata: {name: f-0, <<: {labels: {a: b}}}\n<<: *nobody\n',
    () => '- '.repeat(many),
    () => `a: ${'['.repeat(many)}`,
    () => `a: |\n${' a\n'.repeat(many)}`,
    () => `${'? '.repeat(many)}a`,
    () => `${'"'.repeat(many)}`,
    () => `${'a: b\n'.repeat(many)}`,
    () => `${'&a '.repeat(many)}b`,
    () => `${'!'.repeat(many)} b`,
    () => `${'#'.repeat(many)}\n---\n...\n---\na: 1\n`,
    () => `%YAML 1.1\n---\nname: 0o17\nyes: no\na: 2001-01-01\nmetadata: {name: f-1}\n`,
    () => `a: !!timestamp 2001-01-01\nb: !!float .inf\nc: !!int 0x${'f'.repeat(many)}\n`,
    () => `metadata:\n  name: f-0\ndata:\n  __proto__: {a: b}\n  constructor: b\n`,
  );
}
