import { own } from '../../lib/own.ts';
import type { Mount, PersistentVolume, Pool, Snapshot, Volume, VolumeSnapshot } from '../../model/kinds/index.ts';
import { driverName } from '../../model/kinds/index.ts';
import { isDeleting, type KubeObject } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';
import { poolBroken } from '../../volumes/conditions.ts';
import { humanQuantity } from '../output/human.ts';
import { lastWarning, readyMessage, whyUnusable } from '../world/problems.ts';
import type { World } from '../world/world.ts';
import { lookForPlace, placeOf } from './places.ts';
import { type Report, reportOn } from './report.ts';

/** Why a PersistentVolume is in its phase. */
export function explainPersistentVolume(world: World, pv: PersistentVolume): Report {
  const { phase = 'Pending', message } = pv.status ?? {};
  const { claimRef, csi } = pv.spec;
  const claim = claimRef ? `${claimRef.namespace}/${claimRef.name}` : undefined;
  const policy = pv.spec.persistentVolumeReclaimPolicy ?? 'Retain';
  const volume = world.volumes.find(({ metadata }) => csi?.driver === driverName && metadata.name === csi.volumeHandle);
  const released =
    policy === 'Delete'
      ? ['nothing: its driver deletes it, and tries again until that succeeds']
      : [
          `look at what is on it; then delete it (kubectl delete pv ${pv.metadata.name}), or let another claim have it by removing spec.claimRef`,
        ];
  const isGone = csi?.driver === driverName && !volume && phase !== 'Released';
  const gone = isGone
    ? `Volume ${csi.volumeHandle} is gone: moorage inventory says whether its bytes are still there`
    : undefined;
  return reportOn(world, pv, {
    verdict: gone ?? lastWarning(world, pv) ?? message ?? `${phase}${claim ? `, claimed by ${claim}` : ''}`,
    isWell: !isGone && (phase === 'Bound' || phase === 'Available'),
    because: [
      csi ? `driver ${csi.driver} knows it as ${csi.volumeHandle}` : 'it has no CSI driver',
      `when its claim goes, it is to ${policy === 'Delete' ? 'go too' : 'stay'} (${policy})`,
      ...(volume ? placeOf(world, volume) : []),
    ],
    next:
      phase === 'Released' || phase === 'Failed'
        ? released
        : claim && phase === 'Bound'
          ? [`moorage explain pvc/${claimRef?.name} -n ${claimRef?.namespace}`]
          : [],
  });
}

/** Why a Volume is where it is, or nowhere. */
export function explainVolume(world: World, volume: Volume): Report {
  const { status, spec, metadata } = volume;
  const phase = isDeleting(volume) ? 'Deleting' : (status?.phase ?? 'Pending');
  const pv = world.pvs.find((it) => it.spec.csi?.driver === driverName && it.spec.csi.volumeHandle === metadata.name);
  const refusals = (status?.refusals ?? []).map(({ pool, node, message }) => ({
    what: [pool && `pool ${pool}`, node && `node ${node}`].filter(Boolean).join(' on ') || 'all',
    taken: false,
    message,
  }));
  const places =
    status?.placement || refusals.length > 0
      ? refusals
      : lookForPlace(world, { ...spec, source: undefined, size: bytesOf(spec.size) });
  const user = pv?.spec.claimRef;
  const lost = whyUnusable(volume);
  return reportOn(world, volume, {
    verdict:
      phase === 'Ready'
        ? (lost ?? `ready, ${humanQuantity(status?.size)}`)
        : (readyMessage(status?.conditions) ?? `it is ${phase}`),
    isWell: phase === 'Ready' && lost === undefined,
    because: [
      ...placeOf(world, volume),
      pv
        ? `PersistentVolume ${pv.metadata.name} stands for it${user ? `, claimed by ${user.namespace}/${user.name}` : ''}`
        : 'no PersistentVolume stands for it',
      ...(isDeleting(volume)
        ? [`it goes when nothing holds it any more: ${(metadata.finalizers ?? []).join(', ')}`]
        : []),
    ],
    looked: places,
    next:
      phase === 'Ready' || phase === 'Deleting' || places.some(({ taken }) => taken)
        ? []
        : ['free or add room in one of the pools, or create another Pool; then it goes on by itself'],
  });
}

/** Why a Mount is mounted, or what it waits for. */
export function explainMount(world: World, mount: Mount): Report {
  const phase = isDeleting(mount) ? 'Unmounting' : (mount.status?.phase ?? 'Pending');
  const message = readyMessage(mount.status?.conditions);
  const claim = world.claims.find(
    ({ metadata }) => metadata.namespace === mount.metadata.namespace && metadata.name === mount.spec.claim,
  );
  const owner = mount.spec.owner;
  const next: Record<string, string> = {
    Pending: `see what its claim waits for: moorage explain pvc/${mount.spec.claim} -n ${mount.metadata.namespace}`,
    Mounting: 'nothing: it is tried again until it succeeds',
    Failed: `change what the message names; or delete it: moorage umount ${mount.metadata.name} -n ${mount.metadata.namespace}`,
    Unmounting: `end the programs that use ${mount.spec.path} (fuser -vm ${mount.spec.path}); then it goes by itself`,
  };
  return reportOn(world, mount, {
    verdict:
      phase === 'Mounted'
        ? `mounted at ${mount.spec.path} on node ${mount.status?.node}`
        : `${phase}: ${message ?? 'it is on its way'}`,
    isWell: phase === 'Mounted',
    because: [
      `claim ${mount.spec.claim} is ${claim?.status?.phase ?? (claim ? 'Pending' : 'not there')}${claim?.spec.volumeName ? `, bound to ${claim.spec.volumeName}` : ''}`,
      ...(mount.spec.readOnly ? ['it asks for read-only'] : []),
      ...(owner
        ? [`it goes with its owner: ${owner.description ?? owner.lockFile}`]
        : ['it stays until somebody deletes it']),
    ],
    next: [own(next, phase) ?? ''].filter(Boolean),
  });
}

/** How a pool is carved, how full it is, and what is on it. */
export function explainPool(world: World, pool: Pool): Report {
  const { phase = 'Pending', nodes = [], conditions } = pool.status ?? {};
  const inside = (list: readonly (Volume | Snapshot)[]) =>
    list.filter(({ status }) => status?.placement?.pool === pool.metadata.name).length;
  return reportOn(world, pool, {
    verdict: phase === 'Ready' ? 'ready' : (readyMessage(conditions) ?? `it is ${phase}`),
    isWell: phase === 'Ready',
    because: [
      ...nodes.map(
        (it) =>
          `on node ${it.node}: backend ${it.backend ?? 'not chosen'}${it.why ? `, because ${it.why}` : ''}; ${humanQuantity(it.used)} of ${humanQuantity(it.total)} used, ${humanQuantity(it.allocated)} promised, ${humanQuantity(it.available)} left to promise${it.path ? `; at ${it.path}` : ''}`,
      ),
      `it may promise ${pool.spec.overProvisioning} times what it has, but for the reserve (${pool.spec.reserve ? humanQuantity(pool.spec.reserve) : '5 %'})`,
      `${inside(world.volumes)} volumes and ${inside(world.snapshots)} snapshots are on it`,
    ],
    next: phase === 'Ready' ? [] : adviceFor(pool),
  });
}

function adviceFor({ status }: Pool): string[] {
  const reason = status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
  if (reason !== poolBroken) return ['moorage doctor says what this machine lacks'];
  return [
    'see what the kernel said of its disk: dmesg',
    'end what uses its volumes and unmount them (moorage umount PATH); it is mounted again by itself then',
    'or start Moorage again, which takes its volumes off, mounts it, and puts them back',
  ];
}

/** Whether a snapshot can be restored, and why not. */
export function explainSnapshot(world: World, snapshot: Snapshot): Report {
  const phase = isDeleting(snapshot) ? 'Deleting' : (snapshot.status?.phase ?? 'Pending');
  const place = snapshot.status?.placement;
  return reportOn(world, snapshot, {
    verdict:
      phase === 'Ready'
        ? `ready, taken ${snapshot.status?.creationTime}`
        : (readyMessage(snapshot.status?.conditions) ?? `it is ${phase}`),
    isWell: phase === 'Ready',
    because: [
      `it is a copy of Volume ${snapshot.spec.volume}${exists(world.volumes, snapshot.spec.volume) ? '' : ', which is gone (the snapshot does not need it)'}`,
      place ? `it is in pool ${place.pool} on node ${place.node}` : 'it is nowhere yet',
    ],
  });
}

/** Whether a VolumeSnapshot can be restored, and why not. */
export function explainVolumeSnapshot(world: World, wish: VolumeSnapshot): Report {
  const { readyToUse, error, restoreSize, boundVolumeSnapshotContentName: content } = wish.status ?? {};
  const claim = wish.spec.source.persistentVolumeClaimName;
  return reportOn(world, wish, {
    verdict: readyToUse
      ? `ready, ${humanQuantity(restoreSize)}`
      : (error?.message ?? lastWarning(world, wish) ?? 'it is not ready yet'),
    isWell: readyToUse === true,
    because: [
      ...(claim ? [`it is a copy of claim ${claim}`] : []),
      content ? `content ${content} stands for it` : 'no content stands for it yet',
    ],
    next: readyToUse
      ? [`moorage restore ${wish.metadata.name} NEWCLAIM -n ${wish.metadata.namespace}`]
      : claim
        ? [`moorage explain pvc/${claim} -n ${wish.metadata.namespace}`]
        : [],
  });
}

function exists(list: readonly KubeObject[], name: string): boolean {
  return list.some(({ metadata }) => metadata.name === name);
}
