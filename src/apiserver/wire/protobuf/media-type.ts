import type { Kind } from '../../../model/kind.ts';
import type { VirtualResource } from '../../discovery/discovery.ts';

/** Kubernetes' binary form; https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources */
export const protobufType = 'application/vnd.kubernetes.protobuf';

/** True for kinds of Kubernetes' own: what it serves from CRDs has no binary form there either. */
export function speaksProtobuf(kind: Kind | VirtualResource): boolean {
  return !('schema' in kind) || kind.mergeKeys !== undefined;
}
