import { busybox } from '../pods.ts';

/** What a pod of a test is made of. */
export interface PodWish {
  readonly name: string;
  /** Claims, by the path at which the pod has each. */
  readonly claims?: Readonly<Record<string, string>>;
  /** Claims that are block devices, by the path of the device. */
  readonly devices?: Readonly<Record<string, string>>;
  /** Other volumes, by the path at which the pod has each. */
  readonly volumes?: Readonly<Record<string, object>>;
  /** The claim templates of its StatefulSet, by the path at which the pod has the claim of each. */
  readonly templates?: Readonly<Record<string, string>>;
  /** More of the mount at a path. */
  readonly mounts?: Readonly<Record<string, object>>;
  /** The node that it has to be on, as the scheduler is told. */
  readonly node?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** More of the spec. */
  readonly spec?: object;
  /** A shell script; default: it waits. */
  readonly script?: string;
}

/** The spec of a pod that ends at once when it is told to. */
export function podSpec(wish: Omit<PodWish, 'name'>): object {
  const { claims, devices, volumes, templates = {}, mounts, node, spec, script } = wish;
  const ofClaims = (of: PodWish['claims'] = {}) =>
    Object.entries(of).map(([path, claimName]) => [path, { persistentVolumeClaim: { claimName } }] as const);
  const mounted = [...ofClaims(claims), ...Object.entries(volumes ?? {})];
  const blocks = ofClaims(devices);
  const nameOf = (path: string) => `v${path.replace(/\W+/g, '-')}`;
  return {
    terminationGracePeriodSeconds: 0,
    ...(node && { nodeSelector: { 'kubernetes.io/hostname': node } }),
    containers: [
      {
        name: 'main',
        image: busybox,
        command: ['sh', '-c', `trap 'exit 0' TERM; ${script ?? ':'}; while :; do sleep 1000 & wait $!; done`],
        volumeMounts: [
          ...mounted.map(([path]) => ({ name: nameOf(path), mountPath: path, ...mounts?.[path] })),
          ...Object.entries(templates).map(([path, name]) => ({ name, mountPath: path })),
        ],
        volumeDevices: blocks.map(([path]) => ({ name: nameOf(path), devicePath: path })),
      },
    ],
    volumes: [...mounted, ...blocks].map(([path, source]) => ({ name: nameOf(path), ...source })),
    ...spec,
  };
}

/** A pod that waits, with volumes. */
export function pod(wish: PodWish): object {
  const { name, labels = {} } = wish;
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { name, ...labels } }, spec: podSpec(wish) };
}

/** The spec of a claim. */
export function claimSpec(storageClassName: string, size: string, more: object = {}): object {
  return { storageClassName, accessModes: ['ReadWriteOnce'], resources: { requests: { storage: size } }, ...more };
}

/** A claim. */
export function claim(name: string, storageClassName: string, size: string, more: object = {}): object {
  const spec = claimSpec(storageClassName, size, more);
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec };
}

/** A snapshot of a claim. */
export function snapshot(name: string, ofClaim: string, volumeSnapshotClassName: string): object {
  return {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name },
    spec: { volumeSnapshotClassName, source: { persistentVolumeClaimName: ofClaim } },
  };
}

/** A StorageClass of our driver. */
export function storageClass(name: string, parameters: Readonly<Record<string, string>>, more: object = {}): object {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: 'csi.moorage.dev',
    parameters,
    allowVolumeExpansion: true,
    volumeBindingMode: 'WaitForFirstConsumer',
    ...more,
  };
}
