import type { OwnerReference } from '../../model/object.ts';

/** How the free room of drivers is published for a scheduler. */
export interface CapacityOptions {
  /** The namespace of the CSIStorageCapacity objects: that of the controller. */
  readonly namespace: string;
  /** Who manages them, as a label; objects of another manager are left alone. Default `moorage`. */
  readonly managedBy?: string;
  /** What they go with: the Deployment of the controller. */
  readonly owner?: OwnerReference | undefined;
  /** Milliseconds between two looks at a driver that announces no changes. Default 60,000. */
  readonly pollInterval?: number;
}
