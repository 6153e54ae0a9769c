/** The kinds of core/v1, and leases. */

export { type ConfigMap, configMaps } from './core/config-map.ts';
export { type Event, events } from './core/event.ts';
export { type EventV1, eventsV1 } from './core/event-v1.ts';
export { type Lease, leases } from './core/lease.ts';
export { type LimitRange, limitRanges } from './core/limit-range.ts';
export { type Namespace, namespaces } from './core/namespace.ts';
export { type Node, nodes } from './core/node.ts';
export { type Pod, pods } from './core/pod.ts';
export { type ResourceQuota, resourceQuotas } from './core/resource-quota.ts';
export { type Secret, secrets } from './core/secret.ts';
export { type Service, services } from './core/service.ts';
export { type ServiceAccount, serviceAccounts } from './core/service-account.ts';
export { type AccessMode, accessMode, shortModes } from './core/volumes/access-modes.ts';
export { type PersistentVolume, persistentVolumes, volumeSourceOf } from './core/volumes/persistent-volume.ts';
export { type PersistentVolumeClaim, persistentVolumeClaims } from './core/volumes/persistent-volume-claim.ts';
export { type VolumeSourceName, volumeSourceNames } from './core/volumes/volume-sources.ts';
export { type LabelSelector, labelSelector, type NodeSelector, nodeSelector, objectReference } from './shared.ts';
