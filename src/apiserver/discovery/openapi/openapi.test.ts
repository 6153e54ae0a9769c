import { fromBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { persistentVolumeClaims, persistentVolumes, allKinds as stored } from '../../../model/kinds/index.ts';
import { reviews } from '../../access/reviews.ts';
import { views } from '../../views/views.ts';
import { type JsonSchema, jsonSchemaOf } from '../kind-schema.ts';
import { workloads } from '../workloads.ts';
import { openApiPathOf } from './operations.ts';
import { openApiPage } from './pages.ts';
import { DocumentSchema } from './protocol/openapiv2_pb.ts';
import { schemaName } from './schemas.ts';
import { v2Document } from './v2.ts';
import { v2Binary, v2BinaryTypes } from './v2-binary.ts';
import { v3Documents } from './v3.ts';

const allKinds = [...stored, ...views.map(({ kind }) => kind)];
const virtual = [...reviews, ...workloads];
const documents = v3Documents(allKinds, virtual);
const v2 = v2Document([...documents.values()]);
const gvkOf = ({ group, version, kind }: { group: string; version: string; kind: string }) => ({
  group,
  version,
  kind,
});
const page = (name: string, headers: object = {}) => openApiPage(name, { headers: { ...headers } }, allKinds, virtual);
const bodyOf = (name: string) => JSON.parse(String(page(name)?.body)) as Record<string, unknown>;

test('the index names a document for every version of every group, also of those that keep nothing', () => {
  const { paths } = bodyOf('v3') as { paths: Record<string, { serverRelativeURL: string }> };
  expect(new Set(Object.keys(paths))).toEqual(new Set([...allKinds, ...virtual].map(openApiPathOf)));
  expect(paths['api/v1']?.serverRelativeURL).toMatch(/^\/openapi\/v3\/api\/v1\?hash=[0-9a-f]{32}$/);
  for (const path of Object.keys(paths)) expect(bodyOf(`v3/${path}`)).toEqual(documents.get(path));
  expect(page('v3/apis/nothing/v1')).toBeUndefined();
  expect(page('v1')).toBeUndefined();
});

test('kubectl finds, for every kind, that fields are validated and dry runs are possible, in both versions', () => {
  for (const kind of [...allKinds, ...virtual]) {
    const gvk = gvkOf(kind);
    const about = (it: object | undefined) => it && JSON.stringify(Reflect.get(it, 'x-kubernetes-group-version-kind'));
    const document = documents.get(openApiPathOf(kind));
    for (const paths of [document?.paths ?? {}, v2.paths]) {
      const patch = Object.values<{ patch?: { parameters: readonly { name: string }[] } }>(paths)
        .map((path) => path.patch)
        .find((one) => about(one) === JSON.stringify(gvk));
      const names = patch?.parameters.map(({ name }) => name);
      expect(names, kind.kind).toEqual(expect.arrayContaining(['fieldValidation', 'dryRun']));
    }
    for (const schemas of [document?.components.schemas ?? {}, v2.definitions]) {
      const found = Object.values(schemas).filter((one) => about(one) === JSON.stringify([gvk]));
      expect(found, kind.kind).toHaveLength(1);
    }
  }
});

test('every reference leads somewhere', () => {
  for (const [document, names] of [
    ...[...documents.values()].map((it) => [it, Object.keys(it.components.schemas)] as const),
    [v2, Object.keys(v2.definitions)] as const,
  ]) {
    const wanted = [...JSON.stringify(document).matchAll(/"\$ref":"#\/(?:components\/schemas|definitions)\/([^"]+)"/g)];
    expect(names).toEqual(expect.arrayContaining([...new Set(wanted.map(([, name]) => name))]));
  }
});

/** A schema with all that it refers to in its place. */
function resolved(schema: JsonSchema): JsonSchema {
  const { $ref, properties, items, additionalProperties, ...rest } = schema;
  if (typeof $ref === 'string') {
    const found = v2.definitions[$ref.replace('#/definitions/', '')];
    return found ? { ...resolved(found), ...rest } : {};
  }
  return {
    ...rest,
    ...(items ? { items: resolved(items) } : {}),
    ...(typeof additionalProperties === 'object' ? { additionalProperties: resolved(additionalProperties) } : {}),
    ...(properties
      ? { properties: Object.fromEntries(Object.entries(properties).map(([key, child]) => [key, resolved(child)])) }
      : {}),
  };
}

/** The paths of all lists in a schema, without indexes. */
function listsOf(schema: JsonSchema, path = ''): [string, JsonSchema][] {
  const below = Object.entries(schema.properties ?? {}).flatMap(([name, child]) =>
    listsOf(child, path === '' ? name : `${path}.${name}`),
  );
  return [...(schema.items ? [[path, schema] as [string, JsonSchema], ...listsOf(schema.items, path)] : []), ...below];
}

test('lists merge as the server merges them, wherever a type is used', () => {
  for (const kind of allKinds.filter(({ mergeKeys, writable }) => mergeKeys && writable)) {
    const whole = resolved(v2.definitions[schemaName(kind)] ?? {});
    for (const [path, list] of listsOf(whole)) {
      const key = kind.mergeKeys?.[path];
      if (path.startsWith('metadata.')) continue;
      expect(list['x-kubernetes-patch-strategy'], `${kind.kind} ${path}`).toBe(key === undefined ? undefined : 'merge');
      expect(list['x-kubernetes-patch-merge-key'], `${kind.kind} ${path}`).toBe(key || undefined);
    }
  }
  const { ownerReferences, finalizers } =
    v2.definitions['io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta']?.properties ?? {};
  expect(ownerReferences).toMatchObject({
    'x-kubernetes-patch-strategy': 'merge',
    'x-kubernetes-patch-merge-key': 'uid',
  });
  expect(finalizers).toMatchObject({ 'x-kubernetes-patch-strategy': 'merge' });
});

test('no field of a kind is lost on the way, but where any field goes', () => {
  const fieldsOf = (schema: JsonSchema, path = ''): string[] => {
    const plain = schema.anyOf?.find(({ type }) => type !== 'null') ?? schema;
    if (typeof plain.additionalProperties === 'object' && plain.properties) return [];
    const inner = plain.items ? [...fieldsOf(plain.items, path)] : [];
    const below = Object.entries(plain.properties ?? {}).flatMap(([name, child]) => [
      `${path}.${name}`,
      ...fieldsOf(child, `${path}.${name}`),
    ]);
    return [...inner, ...below];
  };
  for (const kind of allKinds) {
    const found = new Set(fieldsOf(resolved(v2.definitions[schemaName(kind)] ?? {})));
    for (const field of fieldsOf(jsonSchemaOf(kind))) expect(found, `${kind.kind}${field}`).toContain(field);
  }
});

test("fields of Kubernetes' own kinds say what Kubernetes says of them, and have its types", () => {
  const document = documents.get('api/v1');
  const schemas = document?.components.schemas ?? {};
  const claim = schemas[schemaName(persistentVolumeClaims)];
  expect(schemaName(persistentVolumeClaims)).toBe('io.k8s.api.core.v1.PersistentVolumeClaim');
  expect(claim?.properties?.['spec']).toMatchObject({
    description: expect.stringContaining('desired characteristics of a volume'),
    allOf: [{ $ref: '#/components/schemas/io.k8s.api.core.v1.PersistentVolumeClaimSpec' }],
  });
  const source = schemas['io.k8s.api.core.v1.CSIPersistentVolumeSource'];
  expect(source?.required).toEqual(expect.arrayContaining(['driver', 'volumeHandle']));
  expect(source?.properties?.['driver']?.description).toContain('name of the driver');
  // Each field of a built-in kind has a description, but those of which Kubernetes says nothing either.
  const silent = [persistentVolumeClaims, persistentVolumes].flatMap((kind) =>
    Object.entries(schemas[schemaName(kind)]?.properties ?? {}).filter(([, child]) => !child.description),
  );
  expect(silent).toEqual([]);
});

test('the binary form says what the JSON says, and is sent to those who ask for it', () => {
  const read = fromBinary(DocumentSchema, v2Binary(v2));
  expect(read.definitions?.additionalProperties.map(({ name }) => name)).toEqual(Object.keys(v2.definitions));
  expect(read.paths?.path.map(({ name }) => name)).toEqual(Object.keys(v2.paths));
  const claim = read.definitions?.additionalProperties.find(({ name }) => name === schemaName(persistentVolumeClaims));
  expect(claim?.value?.vendorExtension).toMatchObject([
    {
      name: 'x-kubernetes-group-version-kind',
      value: { yaml: '[{"group":"","version":"v1","kind":"PersistentVolumeClaim"}]' },
    },
  ]);
  for (const accept of v2BinaryTypes) {
    const binary = page('v2', { accept });
    expect(binary?.type).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    expect(Buffer.from(binary?.body as Uint8Array).equals(v2Binary(v2))).toBe(true);
  }
  expect(page('v2', { accept: 'application/json' })?.type).toBe('application/json');
  expect(page('v2')?.type).toBe('application/json');
});

test('a page that the client has already is not sent again', () => {
  const etag = page('v2')?.headers?.['ETag'] ?? '';
  expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
  expect(page('v2', { 'if-none-match': etag })).toMatchObject({ code: 304, body: '' });
  expect(page('v2', { 'if-none-match': '"other"' })?.code).toBe(200);
  // Other kinds make another page.
  expect(openApiPage('v2', { headers: { 'if-none-match': etag } }, allKinds.slice(1), virtual)?.code).toBe(200);
});
