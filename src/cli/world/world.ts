import type { Api } from '../../api/api.ts';
import type { Kind } from '../../model/kind.ts';
import {
  csiNodes,
  type Event,
  events,
  mounts,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pools,
  snapshots,
  storageClasses,
  volumeSnapshotContents,
  volumeSnapshots,
  volumes,
} from '../../model/kinds/index.ts';
import type { KubeObject } from '../../model/object.ts';
import { listServed } from '../objects/served-kinds.ts';

/** All that the API says of storage, at about one moment; what `status` and `explain` look at. */
export type World = Awaited<ReturnType<typeof readWorld>>;

/** Reads it. */
export async function readWorld(api: Api) {
  const served = <T extends KubeObject>(kind: Kind<T>) => listServed(api, kind);
  const all = async <T extends KubeObject>(kind: Kind<T>) => (await served(kind)) ?? [];
  const [
    nodeList,
    poolList,
    classes,
    claims,
    pvs,
    volumeList,
    snapshotList,
    mountList,
    wishes,
    contents,
    drivers,
    eventList,
  ] = await Promise.all([
    all(nodes),
    all(pools),
    all(storageClasses),
    all(persistentVolumeClaims),
    all(persistentVolumes),
    all(volumes),
    all(snapshots),
    served(mounts),
    all(volumeSnapshots),
    all(volumeSnapshotContents),
    all(csiNodes),
    all(events),
  ]);
  return {
    nodes: nodeList,
    pools: poolList,
    classes,
    claims,
    pvs,
    volumes: volumeList,
    snapshots: snapshotList,
    mounts: mountList ?? [],
    /** True in a cluster, whose pods mount claims, and which needs no Mounts. */
    isCluster: mountList === undefined,
    volumeSnapshots: wishes,
    contents,
    csiNodes: drivers,
    events: [...eventList].sort((a, b) => timeOf(a).localeCompare(timeOf(b))),
  };
}

/** The events of one object, oldest first. */
export function eventsOf(world: Pick<World, 'events'>, object: KubeObject): readonly Event[] {
  const { uid, name, namespace } = object.metadata;
  return world.events.filter(({ involvedObject: of }) =>
    of.uid ? of.uid === uid : of.kind === object.kind && of.name === name && of.namespace === namespace,
  );
}

/** When an event last happened. */
export function timeOf(event: Event): string {
  return event.lastTimestamp ?? event.eventTime ?? event.metadata.creationTimestamp ?? '';
}
