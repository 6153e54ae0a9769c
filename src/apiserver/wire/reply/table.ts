import type { Column, Kind } from '../../../model/kind.ts';
import type { KubeObject } from '../../../model/object.ts';
import { ageOf } from './age.ts';

/** What goes with each row of a table: all of the object, its metadata, or nothing. */
export type IncludeObject = 'Object' | 'Metadata' | 'None';

export interface TableRequest {
  readonly version: 'v1' | 'v1beta1';
  readonly include: IncludeObject;
}

/** metadata of a list. */
export interface ListMeta {
  readonly resourceVersion?: string | undefined;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
}

/**
 * The objects as the table that `kubectl get` prints, as JSON text.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */
export function tableOf(
  kind: Kind,
  objects: readonly KubeObject[],
  metadata: ListMeta,
  { version, include }: TableRequest,
  json: (object: KubeObject) => string,
  now = Date.now(),
): string {
  const custom = kind.mergeKeys === undefined;
  const rows = objects.map((object) => {
    const cells = kind.columns.map((column) => cellOf(column, object, now, custom));
    return `{"cells":${JSON.stringify(cells)},"object":${rowObject(object, include, version, json)}}`;
  });
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(metadata)},"columnDefinitions":${JSON.stringify(kind.columns.map(definitionOf))},"rows":[${rows.join(',')}]}`;
}

/** An object reduced to its metadata, as JSON text. */
export function metadataOnly(object: KubeObject, version = 'v1'): string {
  return `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(object.metadata)}}`;
}

function rowObject(
  object: KubeObject,
  include: IncludeObject,
  version: string,
  json: (object: KubeObject) => string,
): string {
  switch (include) {
    case 'Object':
      return json(object);
    case 'Metadata':
      return metadataOnly(object, version);
    case 'None':
      return 'null';
  }
}

function definitionOf({ name, type, format, description, priority }: Column<KubeObject>) {
  return { name, type, format: format ?? '', description, priority: priority ?? 0 };
}

function cellOf(
  column: Column<KubeObject>,
  object: KubeObject,
  now: number,
  custom: boolean,
): string | number | boolean | null {
  const value = column.value(object);
  if (column.type === 'date' && typeof value === 'string') return ageOf(value, now);
  // Kubernetes writes so of its own kinds, but prints nothing where a field of a custom resource is missing.
  const unknown = column.type === 'date' && (!custom || column.name === 'Age');
  return value ?? (unknown ? '<unknown>' : null);
}
