import { dataSourceOf } from '../../model/claims/claims.ts';
import { allowVolumeModeChangeAnnotation } from '../../model/claims/well-known.ts';
import type { PersistentVolumeClaim, VolumeSnapshot } from '../../model/kinds/index.ts';
import { isDeleting } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';
import { humanQuantity } from '../output/human.ts';
import type { World } from '../world/world.ts';

/** A claim can't be changed but for its size: how to ask for something else. */
export function askAnew({ metadata }: PersistentVolumeClaim): string {
  return `delete this claim (kubectl delete pvc ${metadata.name} -n ${metadata.namespace}) and make it anew`;
}

/** What to do about the source that a claim is to be filled from; undefined if the source holds nothing up. */
export function adviceOnSource(world: World, claim: PersistentVolumeClaim): string | undefined {
  const source = dataSourceOf(claim);
  if (!source) return undefined;
  if (source.foreignNamespace !== undefined) {
    return `${askAnew(claim)} in namespace ${source.foreignNamespace}: a claim is filled from its own namespace only`;
  }
  const isNamed = ({ metadata }: PersistentVolumeClaim | VolumeSnapshot) =>
    metadata.name === source.name && metadata.namespace === claim.metadata.namespace;
  switch (source.kind) {
    case 'snapshot':
      return adviceOnSnapshot(world, claim, source.name, world.volumeSnapshots.find(isNamed));
    case 'claim':
      return adviceOnClone(claim, source.name, world.claims.find(isNamed));
    case 'populator':
      return `it is to be filled from a ${source.type}, which only a populator for that kind can do: install one, or ${askAnew(claim)} without a data source`;
  }
}

function adviceOnSnapshot(
  world: World,
  claim: PersistentVolumeClaim,
  name: string,
  snapshot: VolumeSnapshot | undefined,
): string | undefined {
  const { namespace } = claim.metadata;
  if (!snapshot) {
    const there = world.volumeSnapshots.filter(({ metadata }) => metadata.namespace === namespace);
    return `VolumeSnapshot ${name} is not there: take it, or ${askAnew(claim)} from one of ${listOf(there)}`;
  }
  if (isDeleting(snapshot)) return `VolumeSnapshot ${name} is being deleted: ${askAnew(claim)} from another one`;
  const { error, readyToUse, restoreSize } = snapshot.status ?? {};
  if (!readyToUse) {
    return error
      ? `VolumeSnapshot ${name} failed: see moorage explain volumesnapshot/${name} -n ${namespace}`
      : `wait for VolumeSnapshot ${name}: moorage explain volumesnapshot/${name} -n ${namespace}`;
  }
  const short = restoreSize && adviceOnSize(claim, restoreSize, `snapshot ${name}`);
  if (short) return short;
  const content = world.contents.find(
    ({ metadata }) => metadata.name === snapshot.status?.boundVolumeSnapshotContentName,
  );
  if (content?.metadata.annotations?.[allowVolumeModeChangeAnnotation] === 'true') return undefined;
  return adviceOnMode(claim, content?.spec.sourceVolumeMode, `snapshot ${name}`);
}

function adviceOnClone(
  claim: PersistentVolumeClaim,
  name: string,
  source: PersistentVolumeClaim | undefined,
): string | undefined {
  const { namespace } = claim.metadata;
  if (!source)
    return `claim ${name}, which it is a copy of, is not there: make it, or ${askAnew(claim)} as a copy of another one`;
  if (isDeleting(source)) return `claim ${name} is being deleted: ${askAnew(claim)} as a copy of another one`;
  if (source.status?.phase !== 'Bound') {
    return `claim ${name}, which it is a copy of, is not bound: moorage explain pvc/${name} -n ${namespace}`;
  }
  const size = source.status.capacity?.['storage'];
  return (
    (size && adviceOnSize(claim, size, `claim ${name}`)) ||
    adviceOnMode(claim, source.spec.volumeMode ?? 'Filesystem', `claim ${name}`)
  );
}

function adviceOnSize(claim: PersistentVolumeClaim, least: string, what: string): string | undefined {
  const asked = claim.spec.resources?.requests?.['storage'] ?? '0';
  if (bytesOf(asked) >= bytesOf(least)) return undefined;
  return `ask for at least ${humanQuantity(least)}, which ${what} has: ${askAnew(claim)} with that size`;
}

function adviceOnMode(claim: PersistentVolumeClaim, from: string | null | undefined, what: string): string | undefined {
  const mode = claim.spec.volumeMode ?? 'Filesystem';
  if (!from || from === mode) return undefined;
  return `${askAnew(claim)} with volumeMode: ${from}, as ${what} has`;
}

function listOf(snapshots: readonly VolumeSnapshot[]): string {
  return snapshots.map(({ metadata }) => metadata.name).join(', ') || 'none in this namespace';
}
