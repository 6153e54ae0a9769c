import { posix } from 'node:path';
import { own } from '../../lib/own.ts';
import { reachableFrom } from '../../model/claims/selectors.ts';
import type { Mount, Node, PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/index.ts';
import { isDeleting, keyOf, refTo } from '../../model/object.ts';
import type { MountRecord } from './mount-ledger.ts';

/** Why a Mount is not mounted. Pending waits for something that will come; Failed needs somebody to change something. */
export interface Obstacle {
  readonly phase: 'Pending' | 'Failed';
  /** One word, for programs. */
  readonly reason: string;
  /** One sentence, for people. */
  readonly message: string;
}

/** What a Mount's volume is made of, as far as the mounter goes. */
export type MountSource =
  | { readonly kind: 'csi'; readonly csi: NonNullable<PersistentVolume['spec']['csi']> }
  | { readonly kind: 'bind'; readonly path: string; readonly type: string };

/** Everything that decides whether a Mount may be mounted here. */
export interface MountWorld {
  readonly mount: Mount;
  readonly claim: PersistentVolumeClaim | undefined;
  readonly volume: PersistentVolume | undefined;
  /** spec.path, with the symbolic links before its last element resolved. */
  readonly target: string;
  /** This node. */
  readonly node: Node;
  /** Other Mounts of the same claim that were taken up, here or elsewhere. */
  readonly others: readonly Mount[];
  /** True if an earlier pass took the Mount up: then it stays, and only what it needs is looked at. */
  readonly begun: boolean;
  /** What is mounted here for other Mounts. */
  readonly records: readonly MountRecord[];
}

export type MountPlan =
  | { readonly go: true; readonly volume: PersistentVolume; readonly source: MountSource; readonly readOnly: boolean }
  | ({ readonly go: false } & Obstacle);

/** A plan that says yes. */
export type Go = MountPlan & { readonly go: true };

/** Decides whether a Mount may be mounted on this node now, and if not, what it waits for or what must change. */
export function planMount(world: MountWorld): MountPlan {
  const { mount, claim, volume, node, begun } = world;
  const name = `claim "${mount.spec.claim}"`;
  if (!claim)
    return wait('ClaimNotFound', `${name} does not exist in namespace "${mount.metadata.namespace}": create it`);
  if (isDeleting(claim) && !begun)
    return refuse('ClaimDeleting', `${name} is being deleted, so nothing new may use it`);
  if (claim.status?.phase === 'Lost') return refuse('ClaimLost', `${name} has lost its volume`);
  if (claim.status?.phase !== 'Bound' || !claim.spec.volumeName) {
    return wait(
      'ClaimNotBound',
      `waiting for ${name} to be bound; "moorage explain pvc/${mount.spec.claim}" says why it is not`,
    );
  }
  if (!volume) return wait('VolumeNotFound', `volume "${claim.spec.volumeName}" of ${name} does not exist`);
  if (!reachableFrom(volume, node)) {
    const message = `volume "${volume.metadata.name}" can't be used on node "${node.metadata.name}": its node affinity forbids it`;
    return refuse('NodeAffinity', message);
  }
  const source = mountSourceOf(volume);
  const readOnly = mount.spec.readOnly || volume.spec.csi?.readOnly === true;
  if ('reason' in source) return { go: false, ...source };
  const obstacle = begun ? undefined : (sharingObstacle(world, volume) ?? pathObstacle(world));
  return obstacle ? { go: false, ...obstacle } : { go: true, volume, source, readOnly };
}

/** The volume sources of Kubernetes that are not mounted here, and what each would take. */
const foreign: Readonly<Record<string, string>> = {
  nfs: 'a CSI driver for NFS, such as nfs.csi.k8s.io, plugged in with --csi, and a volume of kind csi',
  iscsi: 'a CSI driver for iSCSI, plugged in with --csi, and a volume of kind csi',
  fc: 'a CSI driver for Fibre Channel, plugged in with --csi, and a volume of kind csi',
  rbd: 'the CSI driver rbd.csi.ceph.com, plugged in with --csi, and a volume of kind csi',
  cephfs: 'the CSI driver cephfs.csi.ceph.com, plugged in with --csi, and a volume of kind csi',
  glusterfs: 'the volume mounted by you, and a volume of kind local or hostPath at that directory',
  flexVolume: "the CSI driver of that storage's maker, plugged in with --csi, and a volume of kind csi",
};

/** What the volume is made of, or why it can't be mounted here. */
export function mountSourceOf(volume: PersistentVolume): MountSource | Obstacle {
  const { csi, local, hostPath } = volume.spec;
  if (csi) return { kind: 'csi', csi };
  if (local) return { kind: 'bind', path: local.path, type: '' };
  if (hostPath) return { kind: 'bind', path: hostPath.path, type: hostPath.type ?? '' };
  const known = new Set(['accessModes', 'capacity', 'claimRef', 'mountOptions', 'nodeAffinity', 'volumeMode']);
  const kind = Object.entries(volume.spec).find(
    ([key, value]) => value && typeof value === 'object' && !known.has(key),
  );
  const what = kind?.[0] ?? 'unknown';
  const takes = own(foreign, what) ?? 'its CSI driver, plugged in with --csi, and a volume of kind csi';
  const message = `volume "${volume.metadata.name}" is of kind ${what}; mounted are csi, local and hostPath. It would take ${takes}`;
  return { phase: 'Failed', reason: 'UnsupportedVolumeKind', message };
}

function sharingObstacle({ mount, node, others, records }: MountWorld, volume: PersistentVolume): Obstacle | undefined {
  const modes = volume.spec.accessModes ?? [];
  const record = records.find((it) => it.volume === volume.metadata.name && it.uid !== mount.metadata.uid);
  const other = others[0] ? refTo(others[0]) : record;
  if (modes.includes('ReadWriteOncePod') && other) {
    const holder = keyOf(other);
    return busyVolume(`its access mode is ReadWriteOncePod, and Mount "${holder}" has it; delete that one first`);
  }
  const elsewhere = others.find((it) => (it.status?.node ?? it.spec.node ?? node.metadata.name) !== node.metadata.name);
  if (!elsewhere || modes.includes('ReadWriteMany')) return undefined;
  if (modes.includes('ReadOnlyMany') && mount.spec.readOnly && elsewhere.spec.readOnly) return undefined;
  const where = `Mount "${keyOf(refTo(elsewhere))}" has it on node "${elsewhere.status?.node ?? elsewhere.spec.node}"`;
  return busyVolume(`${where}, and its access modes (${modes.join(', ')}) allow one node at a time`);
}

function busyVolume(why: string): Obstacle {
  return { phase: 'Failed', reason: 'VolumeInUse', message: `the volume is in use: ${why}` };
}

/** PATH_MAX without the zero at its end. Bytes. */
const longestPath = 4095;

/** What is wrong with the path of a Mount by itself; undefined if nothing is. */
export function invalidPath({ spec: { path } }: Mount): Obstacle | undefined {
  const fits = Buffer.byteLength(path) <= longestPath && !path.includes('\0');
  if (fits && posix.isAbsolute(path) && posix.normalize(path) === path && !path.endsWith('/')) return undefined;
  const message = `spec.path "${path}" must be an absolute path without "..", "." or a slash at its end, and not "/"`;
  return { phase: 'Failed', reason: 'InvalidPath', message };
}

function pathObstacle({ mount, target: path, records }: MountWorld): Obstacle | undefined {
  for (const record of records) {
    if (record.uid === mount.metadata.uid) continue;
    const other = `Mount "${record.namespace}/${record.name}"`;
    if (record.target === path) return pathInUse(path, `${other} has it`);
    if (path.startsWith(`${record.target}/`)) return pathInUse(path, `it is inside the volume of ${other}`);
    if (record.target.startsWith(`${path}/`)) return pathInUse(path, `it would hide ${other} at ${record.target}`);
  }
  return undefined;
}

function pathInUse(path: string, why: string): Obstacle {
  return { phase: 'Failed', reason: 'PathInUse', message: `${path} can't be used: ${why}; choose another path` };
}

function wait(reason: string, message: string): MountPlan {
  return { go: false, phase: 'Pending', reason, message };
}

function refuse(reason: string, message: string): MountPlan {
  return { go: false, phase: 'Failed', reason, message };
}
