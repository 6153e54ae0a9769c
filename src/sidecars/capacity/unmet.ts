import { selectedNodeAnnotation } from '../../model/claims/well-known.ts';
import type { PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { CSIStorageCapacity } from '../../model/kinds/storage.ts';
import { isDeleting } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';
import { sizeWords } from '../../model/size-words.ts';

/** So many nodes are named; an event is for reading. */
const named = 40;

/** The largest volume that a node can have; in bytes, undefined if nobody says so. */
export interface NodeRoom {
  readonly node: string;
  readonly largest: bigint | undefined;
}

/** Whether no node was chosen for the claim yet, and it has no volume. */
export function waitsForNode(claim: PersistentVolumeClaim): boolean {
  const { metadata, spec, status } = claim;
  if (isDeleting(claim) || spec.volumeName || metadata.annotations?.[selectedNodeAnnotation]) return false;
  return (status?.phase ?? 'Pending') === 'Pending';
}

/** What is published for one class, by node: of a place with several keys, the values of all of them. */
export function roomsOf(published: readonly CSIStorageCapacity[]): NodeRoom[] {
  return published
    .map(({ nodeTopology, maximumVolumeSize, capacity }) => {
      const segments = Object.entries(nodeTopology?.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
      const largest = maximumVolumeSize ?? capacity;
      return {
        node: segments.map(([, value]) => value).join('/'),
        largest: largest === undefined ? undefined : bytesOf(largest),
      };
    })
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** Why a claim can be on none of the nodes; undefined if it can be on one, or if nothing is known of any. */
export function whyUnmet({ spec }: PersistentVolumeClaim, rooms: readonly NodeRoom[]): string | undefined {
  const request = spec.resources?.requests?.['storage'] ?? '0';
  const bytes = bytesOf(request);
  if (rooms.length === 0 || rooms.some(({ largest }) => largest === undefined || largest >= bytes)) return undefined;
  const each = rooms.slice(0, named).map(({ node, largest }) => `${node} has ${largest ? sizeWords(largest) : 'none'}`);
  const others = rooms.length - each.length;
  return `no node has room for ${request}: ${[...each, ...(others > 0 ? [`and ${others} more`] : [])].join(', ')}`;
}
