import type { Kind } from '../../model/kind.ts';

/** The path of a collection, of an object in it, or of a subresource of that. */
export function pathOf(
  kind: Pick<Kind, 'group' | 'version' | 'plural' | 'namespaced'>,
  at: { readonly namespace?: string | undefined; readonly name?: string | undefined },
  subresource?: string,
): string {
  const parts = [
    ...(kind.group ? ['apis', kind.group] : ['api']),
    kind.version,
    ...(kind.namespaced && at.namespace ? ['namespaces', at.namespace] : []),
    kind.plural,
    ...(at.name ? [at.name] : []),
    ...(subresource ? [subresource] : []),
  ];
  return `/${parts.map(encodeURIComponent).join('/')}`;
}
