/** What a person would apply with kubectl; the same objects that stand in examples/. */
export const storage = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations: { storageclass.kubernetes.io/is-default-class: "true" }
provisioner: csi.moorage.dev
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
