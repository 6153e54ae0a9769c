import type { Kind } from '../../../model/kind.ts';

type Named = Pick<Kind, 'group' | 'version' | 'kind'>;

/** The messages beside those of the kinds. */
export const commonMessages = {
  typeMeta: 'k8s.io.apimachinery.pkg.runtime.TypeMeta',
  listMeta: 'k8s.io.apimachinery.pkg.apis.meta.v1.ListMeta',
} as const;

/** Kinds of `meta.k8s.io` that travel by themselves. */
export const metaKinds = [
  'APIGroup',
  'APIGroupList',
  'APIResourceList',
  'APIVersions',
  'DeleteOptions',
  'PartialObjectMetadata',
  'Status',
] as const;

/** The message of a kind of Kubernetes' own, as its .proto files name it. */
export function messageNameOf({ group, version, kind }: Named): string {
  if (group === 'meta.k8s.io') return `k8s.io.apimachinery.pkg.apis.meta.v1.${kind}`;
  return `k8s.io.api.${group.split('.')[0] || 'core'}.${version}.${kind}`;
}
