import type { PolicyRule } from '../../../model/kinds/index.ts';

const reads = ['get', 'list', 'watch'];
const changes = ['patch', 'update'];

/**
 * What a node's agent may do at all, as one table: group, resources, verbs. It says nothing of whose objects: before the
 * role is bound to nodes, a rule of admission must narrow what they write to their own.
 */
const table: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  // As the agent of a cluster, which has the same rules in deploy/chart/templates/agent/rbac.yaml.
  ['moorage.dev', ['pools'], [...reads, ...changes, 'create']],
  ['moorage.dev', ['volumes'], [...reads, ...changes, 'create', 'delete']],
  ['moorage.dev', ['snapshots'], [...reads, ...changes]],
  ['moorage.dev', ['inventories'], reads],
  ['moorage.dev', ['pools/status', 'volumes/status', 'snapshots/status', 'inventories/status'], ['get', ...changes]],
  ['coordination.k8s.io', ['leases'], ['get', 'create', ...changes, 'delete']],
  ['', ['events'], ['create', ...changes]],
  ['events.k8s.io', ['events'], ['create', ...changes]],
  ['snapshot.storage.k8s.io', ['volumesnapshotcontents', 'volumesnapshots'], reads],
  ['', ['persistentvolumes', 'persistentvolumeclaims'], reads],
  // As its machine's kubelet.
  ['', ['nodes'], [...reads, 'create', ...changes, 'delete']],
  ['', ['nodes/status'], ['get', ...changes]],
  ['', ['persistentvolumeclaims/status'], ['get', ...changes]],
  ['', ['namespaces', 'pods', 'services', 'configmaps'], reads],
  ['storage.k8s.io', ['csidrivers', 'storageclasses', 'volumeattributesclasses'], reads],
  ['storage.k8s.io', ['csinodes'], [...reads, 'create', ...changes, 'delete']],
  ['storage.k8s.io', ['volumeattachments'], [...reads, 'create', ...changes, 'delete']],
  ['storage.k8s.io', ['volumeattachments/status'], ['get', ...changes]],
  ['moorage.dev', ['mounts'], [...reads, ...changes, 'delete']],
  ['moorage.dev', ['mounts/status'], ['get', ...changes]],
  // Its own certificate, anew before it ends.
  ['certificates.k8s.io', ['certificatesigningrequests'], ['get', 'list', 'watch', 'create']],
  ['certificates.k8s.io', ['certificatesigningrequests/selfnodeclient'], ['create']],
];

/** The rules of the ClusterRole `system:node`. */
export const nodeRules: PolicyRule[] = table.map(([group, resources, verbs]) => ({
  verbs: [...verbs],
  apiGroups: [group],
  resources: [...resources],
}));
