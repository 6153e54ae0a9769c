import { driverName } from '../../../src/model/kinds/moorage.ts';
import { busybox } from '../pods.ts';

/** The class that the chart brings: a volume is made when a pod wants it. */
export const late = 'moorage';

/** What a claim of a test may differ in from 300 MiB of file system, written by one node. */
export interface ClaimChoices {
  readonly size?: string;
  readonly storageClass?: string;
  readonly volumeMode?: 'Filesystem' | 'Block';
  readonly accessMode?: 'ReadWriteOnce' | 'ReadWriteOncePod';
  /** What it starts as a copy of. */
  readonly from?: { readonly kind: 'PersistentVolumeClaim' | 'VolumeSnapshot'; readonly name: string };
  /** The volume that it is for. */
  readonly volumeName?: string;
}

/** The spec of a claim. */
export function claimSpec(choices: ClaimChoices = {}): object {
  const { size = '300Mi', storageClass = late, volumeMode = 'Filesystem', from, volumeName } = choices;
  return {
    accessModes: [choices.accessMode ?? 'ReadWriteOnce'],
    resources: { requests: { storage: size } },
    storageClassName: storageClass,
    volumeMode,
    ...(from && { dataSource: { ...from, ...(from.kind === 'VolumeSnapshot' && { apiGroup: snapshotGroup }) } }),
    ...(volumeName !== undefined && { volumeName }),
  };
}

/** A claim. */
export function claim(name: string, choices?: ClaimChoices): object {
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec: claimSpec(choices) };
}

const snapshotGroup = 'snapshot.storage.k8s.io';

/** A snapshot of a claim. */
export function snapshot(name: string, persistentVolumeClaimName: string): object {
  return {
    apiVersion: `${snapshotGroup}/v1`,
    kind: 'VolumeSnapshot',
    metadata: { name },
    spec: { volumeSnapshotClassName: 'moorage', source: { persistentVolumeClaimName } },
  };
}

/** What a pod of a test may differ in from one that sleeps. */
export interface PodChoices {
  /** The claim that each of its directories is. */
  readonly claims?: Readonly<Record<string, string>>;
  /** The claim that each of its raw devices is. */
  readonly devices?: Readonly<Record<string, string>>;
  /** More volumes, by the directory that each is at. */
  readonly volumes?: Readonly<Record<string, object>>;
  /** Directories that are volumes of somebody else's making, by their names: those of a StatefulSet's templates. */
  readonly mounts?: Readonly<Record<string, string>>;
  /** Fields of all mounts, such as `readOnly`. */
  readonly mount?: object;
  /** What the shell does, after which the pod is ready; then it sleeps until it is told to end. */
  readonly script?: string;
  /** More fields of the spec. */
  readonly spec?: object;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A pod is ready when its script has done its work, not when that has begun. */
const startupProbe = { exec: { command: ['test', '-e', '/tmp/done'] }, periodSeconds: 1, failureThreshold: 120 };

/** The spec of a pod with one shell in it, which ends as soon as it is told to. */
export function podSpec(choices: PodChoices): object {
  const { claims = {}, devices = {}, volumes = {}, mounts = {}, mount, script = '', spec } = choices;
  const ofClaim = ([path, claimName]: [string, string]) => [path, { persistentVolumeClaim: { claimName } }] as const;
  const mounted = [...Object.entries(claims).map(ofClaim), ...Object.entries(volumes)];
  const raw = Object.entries(devices).map(ofClaim);
  const wait = "trap 'exit 0' TERM; while :; do sleep 3600 & wait; done";
  return {
    terminationGracePeriodSeconds: 1,
    ...spec,
    containers: [
      {
        name: 'main',
        image: busybox,
        command: ['sh', '-ec', `${script}\n${script && 'touch /tmp/done'}\n${wait}`],
        ...(script && { startupProbe }),
        volumeMounts: [...mounted.map(([path]) => [path, nameOf(path)]), ...Object.entries(mounts)].map(
          ([mountPath, name]) => ({ name, mountPath, ...mount }),
        ),
        volumeDevices: raw.map(([devicePath]) => ({ name: nameOf(devicePath), devicePath })),
      },
    ],
    volumes: [...mounted, ...raw].map(([path, source]) => ({ name: nameOf(path), ...source })),
  };
}

/** A pod. */
export function pod(name: string, choices: PodChoices = {}): object {
  const labels = { app: name, ...choices.labels };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec: podSpec(choices) };
}

/** A class of Moorage's, whose volumes are made at once unless told otherwise. */
export function storageClass(
  name: string,
  parameters: Readonly<Record<string, string>>,
  volumeBindingMode: 'Immediate' | 'WaitForFirstConsumer' = 'Immediate',
): object {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: driverName,
    parameters,
    volumeBindingMode,
    allowVolumeExpansion: true,
  };
}

/** Keeps a pod on a node, by way of the scheduler. */
export function on(node: string): object {
  return { nodeSelector: { 'kubernetes.io/hostname': node } };
}

function nameOf(path: string): string {
  return path.slice(1).replaceAll('/', '-');
}
