import { describe, expect, test } from 'vitest';
import { outdatedFiles } from '../../scripts/reference.ts';
import { crdOf, type Schema, structuralSchema } from './crd.ts';
import { allKinds, group, pools } from './kinds/index.ts';

const ours = allKinds.filter((kind) => kind.group === group);

function* nodes(schema: Schema): Generator<Schema> {
  yield schema;
  for (const inner of Object.values(schema.properties ?? {})) yield* nodes(inner);
  if (schema.items) yield* nodes(schema.items);
  if (typeof schema.additionalProperties === 'object') yield* nodes(schema.additionalProperties);
}

test('the committed CRDs and reference page are up to date (npm run generate)', () => {
  expect(outdatedFiles()).toEqual([]);
});

describe.each(ours.map((kind) => [kind.kind, kind] as const))('the CRD of %s', (_, kind) => {
  test('is structural: a type everywhere, and nothing that an API server refuses', () => {
    for (const node of nodes(structuralSchema(kind))) {
      const open = node['x-kubernetes-int-or-string'] || node['x-kubernetes-preserve-unknown-fields'];
      expect(node.type ?? open, JSON.stringify(node)).toBeTruthy();
      expect(node).not.toHaveProperty('$ref');
      expect(node).not.toHaveProperty('const');
      expect(node.additionalProperties).not.toBe(false);
      if (node.properties) expect(node.additionalProperties).toBeUndefined();
    }
  });

  test('prints its phase or state, and its age', () => {
    const { spec } = crdOf(kind) as { spec: { versions: { additionalPrinterColumns: { jsonPath: string }[] }[] } };
    const paths = spec.versions[0]?.additionalPrinterColumns.map(({ jsonPath }) => jsonPath) ?? [];
    expect(paths).toContain('.metadata.creationTimestamp');
    expect(paths.length).toBeGreaterThan(1);
  });
});

test('a quantity may be a number or text', () => {
  const spec = structuralSchema(pools as never).properties?.['spec'];
  expect(spec?.properties?.['size']).toMatchObject({
    'x-kubernetes-int-or-string': true,
    anyOf: [{ type: 'integer' }, { type: 'string' }],
  });
});
