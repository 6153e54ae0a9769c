import { expect, test } from 'vitest';
import { allKinds } from '../../model/kinds/index.ts';
import { reviews } from '../access/reviews.ts';
import { Discovery } from './discovery.ts';
import { openApiDocument, openApiIndex, openApiPathOf } from './openapi.ts';

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          { readonly parameters: { readonly name: string }[]; readonly 'x-kubernetes-group-version-kind': object }
        >
      >
    >
  >;
  readonly components: {
    readonly schemas: Readonly<
      Record<string, { readonly properties: object; readonly 'x-kubernetes-group-version-kind'?: object[] }>
    >;
  };
}

test('the index names a document for every version of a group', () => {
  const { paths } = openApiIndex(allKinds) as { paths: Record<string, { serverRelativeURL: string }> };
  expect(new Set(Object.keys(paths))).toEqual(new Set(allKinds.map(openApiPathOf)));
  expect(paths['api/v1']?.serverRelativeURL).toMatch(/^\/openapi\/v3\/api\/v1\?hash=[0-9a-f]{32}$/);
  expect(openApiDocument(allKinds, 'apis/nothing/v1')).toBeUndefined();
});

test('kubectl finds, for every kind that can be written, that fields are validated and dry runs are possible', () => {
  for (const kind of allKinds.filter(({ writable }) => writable)) {
    const document = openApiDocument(allKinds, openApiPathOf(kind)) as Document;
    const gvk = { group: kind.group, version: kind.version, kind: kind.kind };
    const patch = Object.values(document.paths)
      .map((path) => path['patch'])
      .find((one) => JSON.stringify(one?.['x-kubernetes-group-version-kind']) === JSON.stringify(gvk));
    expect(
      patch?.parameters.map(({ name }) => name),
      kind.kind,
    ).toEqual(expect.arrayContaining(['fieldValidation', 'dryRun']));
    const schema = Object.values(document.components.schemas).find(
      (one) => JSON.stringify(one['x-kubernetes-group-version-kind']) === JSON.stringify([gvk]),
    );
    expect(schema?.properties, kind.kind).toHaveProperty('metadata');
  }
});

test('every reference leads somewhere', () => {
  for (const path of new Set(allKinds.map(openApiPathOf))) {
    const document = openApiDocument(allKinds, path) as Document;
    const wanted = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    );
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining([...new Set(wanted)]));
  }
});

test('discovery says the same in one answer and in many', () => {
  const discovery = new Discovery([...allKinds, ...reviews]);
  const all = [discovery.aggregated(true, 'v2'), discovery.aggregated(false, 'v2')] as {
    items: {
      metadata: { name: string };
      versions: {
        version: string;
        resources: { resource: string; verbs: string[]; subresources?: { subresource: string }[] }[];
      }[];
    }[];
  }[];
  for (const { metadata, versions } of all.flatMap(({ items }) => items)) {
    for (const { version, resources } of versions) {
      const single = discovery.resources(metadata.name, version) as { resources: { name: string; verbs: string[] }[] };
      const names = resources.flatMap(({ resource, subresources = [] }) => [
        resource,
        ...subresources.map(({ subresource }) => `${resource}/${subresource}`),
      ]);
      expect(new Set(names)).toEqual(new Set(single.resources.map(({ name }) => name)));
      for (const { resource, verbs } of resources)
        expect(single.resources.find(({ name }) => name === resource)?.verbs).toEqual(verbs);
    }
  }
  expect(discovery.group('nothing')).toBeUndefined();
  expect(discovery.resources('', 'v2')).toBeUndefined();
});
