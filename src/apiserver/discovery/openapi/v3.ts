import type { Kind } from '../../../model/kind.ts';
import { servedVersion } from '../../../model/served-version.ts';
import type { VirtualResource } from '../discovery.ts';
import { openApiPathOf, type PathItem, pathsOf, virtualPathsOf } from './operations.ts';
import { addSchemas, type Schemas, schemaName } from './schemas.ts';

export interface V3Document {
  readonly openapi: '3.0.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: { readonly schemas: Schemas };
}

/** The OpenAPI 3 documents of all versions of all groups, by `api/v1`, `apis/GROUP/VERSION`. */
export function v3Documents(
  kinds: readonly Kind[],
  virtual: readonly VirtualResource[],
): ReadonlyMap<string, V3Document> {
  const documents = new Map<string, V3Document>();
  const documentOf = (resource: { group: string; version: string }) => {
    const path = openApiPathOf(resource);
    const known = documents.get(path);
    if (known) return known;
    const info = { title: 'Moorage', version: servedVersion };
    const made: V3Document = { openapi: '3.0.0', info, paths: {}, components: { schemas: {} } };
    documents.set(path, made);
    return made;
  };
  for (const kind of kinds) {
    const { paths, components } = documentOf(kind);
    Object.assign(paths, pathsOf(kind));
    addSchemas(kind, components.schemas);
  }
  for (const resource of virtual) {
    const { paths, components } = documentOf(resource);
    Object.assign(paths, virtualPathsOf(resource));
    components.schemas[schemaName(resource)] = openSchema(resource);
  }
  return documents;
}

/** What is only created, to be answered, has any fields. */
function openSchema({ group, version, kind }: VirtualResource): Schemas[string] {
  return {
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    'x-kubernetes-group-version-kind': [{ group, version, kind }],
  };
}
