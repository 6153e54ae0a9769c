import { driverName, topologyKey } from '../../../src/model/kinds/moorage.ts';

/** The StorageClass that the suite copies for each of its tests, with the file system that this test wants. */
export const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'moorage-e2e' },
  provisioner: driverName,
  // What a test gets that names no file system. XFS, since ext4 can grow while it is mounted only where root has
  // CAP_SYS_RESOURCE, which it lacks in many containers; the tests that name ext4 get ext4.
  parameters: { 'csi.storage.k8s.io/fstype': 'xfs' },
  allowVolumeExpansion: true,
  volumeBindingMode: 'WaitForFirstConsumer',
};

/**
 * What Kubernetes' own storage suite is told of our driver: https://github.com/kubernetes/kubernetes, in
 * test/e2e/storage/external. A test whose capability is not here skips itself.
 */
export const driver = {
  ShortName: 'moorage',
  StorageClass: { FromExistingClassName: storageClass.metadata.name },
  SnapshotClass: { FromName: true },
  InlineVolumes: [{ Attributes: {} }, { Attributes: {} }],
  // What takes longer than this here has failed.
  Timeouts: {
    PodStart: '2m',
    PodDelete: '2m',
    ClaimProvision: '2m',
    ClaimBound: '2m',
    PVDelete: '2m',
    SnapshotCreate: '2m',
    SnapshotDelete: '2m',
    DataSourceProvision: '2m',
  },
  DriverInfo: {
    Name: driverName,
    // mkfs.xfs makes nothing smaller.
    SupportedSizeRange: { Min: '300Mi' },
    SupportedFsType: { '': {}, ext4: {}, xfs: {} },
    SupportedMountOption: { noatime: {}, dirsync: {} },
    TopologyKeys: [topologyKey],
    Capabilities: {
      persistence: true,
      block: true,
      fsGroup: true,
      exec: true,
      snapshotDataSource: true,
      pvcDataSource: true,
      multipods: true,
      controllerExpansion: true,
      nodeExpansion: true,
      onlineExpansion: true,
      offlineExpansion: true,
      topology: true,
      capacity: true,
      readWriteOncePod: true,
      multiplePVsSameID: true,
      // The bytes of a local volume are on one node.
      singleNodeVolume: true,
      RWX: false,
      capReadOnlyMany: false,
      // The kubelet changes the group of files by itself.
      volumeMountGroup: false,
      // There is no limit but the room.
      volumeLimits: false,
      groupSnapshot: false,
    },
    StressTestOptions: { NumPods: 4, NumRestarts: 3 },
    VolumeSnapshotStressTestOptions: { NumPods: 3, NumSnapshots: 3 },
  },
};
