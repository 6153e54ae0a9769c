/**
 * The annotations and finalizers by which Kubernetes' volume controllers, the callers of CSI and we tell each other how
 * far claims, volumes and snapshots are. https://kubernetes.io/docs/reference/labels-annotations-taints/
 */

/** On a claim: the driver that is to make a volume for it. Set by whoever binds claims. */
export const storageProvisionerAnnotation = 'volume.kubernetes.io/storage-provisioner';
/** The same, as Kubernetes wrote it before 1.23; still read. */
export const betaStorageProvisionerAnnotation = 'volume.beta.kubernetes.io/storage-provisioner';
/** On a claim or volume: whoever binds claims has chosen the other side; without it, a person did. */
export const boundByControllerAnnotation = 'pv.kubernetes.io/bound-by-controller';
/** On a claim: it was bound once; from then on nobody looks for another volume for it. */
export const bindCompletedAnnotation = 'pv.kubernetes.io/bind-completed';
/** On a claim: the node that its first consumer will run on. */
export const selectedNodeAnnotation = 'volume.kubernetes.io/selected-node';
/** On a claim or volume of long ago: its class. */
export const betaStorageClassAnnotation = 'volume.beta.kubernetes.io/storage-class';
/** The provisioner of classes whose volumes are made by people. */
export const noProvisioner = 'kubernetes.io/no-provisioner';
/** On a PersistentVolume: the driver that made it. */
export const provisionedByAnnotation = 'pv.kubernetes.io/provisioned-by';
/** On a PersistentVolume: the secret that its deletion takes. */
export const deletionSecretName = 'volume.kubernetes.io/provisioner-deletion-secret-name';
export const deletionSecretNamespace = 'volume.kubernetes.io/provisioner-deletion-secret-namespace';

/** On a PersistentVolume: it goes only after the driver has deleted the volume. */
export const provisionerFinalizer = 'external-provisioner.volume.kubernetes.io/finalizer';
/** On a claim: it stays while somebody uses it. */
export const claimProtectionFinalizer = 'kubernetes.io/pvc-protection';
/** On a PersistentVolume: it stays while a claim is bound to it. */
export const volumeProtectionFinalizer = 'kubernetes.io/pv-protection';
/** On a claim: it stays while a clone of it is being made. */
export const cloningFinalizer = 'provisioner.storage.kubernetes.io/cloning-protection';
/**
 * On a claim, from before the first CreateVolume until its volume is recorded in a PersistentVolume or known not to
 * exist: a claim that is deleted while the answer is out can't vanish with the only trace of what was made.
 * Whoever writes storageProvisionerAnnotation may add it in the same write, and whoever binds the claim may remove it
 * in that write; what they leave, the provisioner does itself.
 */
export const provisioningFinalizer = 'provisioner.moorage.dev/in-progress';

/** On a VolumeSnapshotContent: its VolumeSnapshot is going, so the snapshot may be deleted. */
export const snapshotBeingDeletedAnnotation = 'snapshot.storage.kubernetes.io/volumesnapshot-being-deleted';
/** On a VolumeSnapshotContent: CreateSnapshot may have been called, with no final answer yet. */
export const snapshotBeingCreatedAnnotation = 'snapshot.storage.kubernetes.io/volumesnapshot-being-created';
/** On a VolumeSnapshotContent: the secret that its deletion takes. */
export const snapshotDeletionSecretName = 'snapshot.storage.kubernetes.io/deletion-secret-name';
export const snapshotDeletionSecretNamespace = 'snapshot.storage.kubernetes.io/deletion-secret-namespace';
/** On a VolumeSnapshotContent, "true": claims of the other volume mode may be made from it. */
export const allowVolumeModeChangeAnnotation = 'snapshot.storage.kubernetes.io/allow-volume-mode-change';
/** On a VolumeSnapshotContent: it stays while its VolumeSnapshot is bound to it. */
export const contentBoundFinalizer = 'snapshot.storage.kubernetes.io/volumesnapshotcontent-bound-protection';
/** On a VolumeSnapshot: it stays until its content is dealt with. */
export const snapshotBoundFinalizer = 'snapshot.storage.kubernetes.io/volumesnapshot-bound-protection';
/** On a VolumeSnapshot: it stays while a claim is being made from it. */
export const snapshotSourceFinalizer = 'snapshot.storage.kubernetes.io/volumesnapshot-as-source-protection';
/** On a claim: it stays while a snapshot of it is being taken. */
export const claimSourceFinalizer = 'snapshot.storage.kubernetes.io/pvc-as-source-protection';

/** The attacher's finalizer on attachments and volumes of a driver: `external-attacher/csi-example-com`. */
export function attacherFinalizer(driver: string): string {
  return `external-attacher/${driver.replaceAll('.', '-')}`;
}
