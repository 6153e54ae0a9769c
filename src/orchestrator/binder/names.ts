/** The annotations and finalizers of Kubernetes' volume controllers. https://kubernetes.io/docs/reference/labels-annotations-taints/ */
export const annotations = {
  /** On both sides: the binder chose the other side; without it, a person did. */
  boundByController: 'pv.kubernetes.io/bound-by-controller',
  /** On a claim: it was bound once; from then on it never looks for another volume. */
  bindCompleted: 'pv.kubernetes.io/bind-completed',
  /** On a volume: the provisioner that made it, and that deletes it. */
  provisionedBy: 'pv.kubernetes.io/provisioned-by',
  /** On a claim: the provisioner that is to make its volume. */
  storageProvisioner: 'volume.kubernetes.io/storage-provisioner',
  /** The same, for provisioners that were written before 1.23. */
  betaStorageProvisioner: 'volume.beta.kubernetes.io/storage-provisioner',
  /** On a claim: the node of its first consumer. */
  selectedNode: 'volume.kubernetes.io/selected-node',
  /** On claims and volumes: the class, as old manifests write it. */
  betaClass: 'volume.beta.kubernetes.io/storage-class',
} as const;

/** Keeps a claim while a Mount uses it. */
export const claimProtection = 'kubernetes.io/pvc-protection';
/** Keeps a volume while a claim is bound to it. */
export const volumeProtection = 'kubernetes.io/pv-protection';
/** The provisioner of classes whose volumes are made by people. */
export const noProvisioner = 'kubernetes.io/no-provisioner';
