/**
 * What a person would apply with kubectl. XFS on block volumes, since every kernel lets root grow it while it is
 * mounted; ext4 asks for CAP_SYS_RESOURCE, which containers and small virtual machines often lack.
 */
export const storage = (onBlockDevices: boolean) => `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations: { storageclass.kubernetes.io/is-default-class: "true" }
provisioner: csi.moorage.dev
parameters: ${onBlockDevices ? '{ csi.storage.k8s.io/fstype: xfs }' : '{}'}
allowVolumeExpansion: true
---
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata:
  name: standard
  annotations: { snapshot.storage.kubernetes.io/is-default-class: "true" }
driver: csi.moorage.dev
deletionPolicy: Delete
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: ledger
spec:
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: 512Mi } }
`;
