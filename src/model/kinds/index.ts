import type { Kind } from '../kind.ts';
import type { KubeObject } from '../object.ts';
import {
  configMaps,
  events,
  leases,
  limitRanges,
  namespaces,
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  resourceQuotas,
  secrets,
  serviceAccounts,
  services,
} from './core.ts';
import { inventories, mounts, pools, snapshots, volumes } from './moorage.ts';
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './rbac.ts';
import {
  csiDrivers,
  csiNodes,
  csiStorageCapacities,
  storageClasses,
  volumeAttachments,
  volumeAttributesClasses,
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
} from './storage.ts';

export * from './core.ts';
export * from './moorage.ts';
export * from './rbac.ts';
export * from './storage.ts';

/** A kind whose type of object is not known to the compiler: what tables of all kinds hold. */
export function anyKind<T extends KubeObject>(kind: Kind<T>): Kind {
  // A Kind takes its own objects only; whoever holds an untyped one has looked at object.kind first.
  return kind as unknown as Kind;
}

/** Every kind that the API serves, in the order of `kubectl api-resources`. */
export const allKinds: readonly Kind[] = [
  anyKind(configMaps),
  anyKind(events),
  anyKind(limitRanges),
  anyKind(namespaces),
  anyKind(nodes),
  anyKind(persistentVolumeClaims),
  anyKind(persistentVolumes),
  anyKind(pods),
  anyKind(resourceQuotas),
  anyKind(secrets),
  anyKind(serviceAccounts),
  anyKind(services),
  anyKind(leases),
  anyKind(inventories),
  anyKind(mounts),
  anyKind(pools),
  anyKind(snapshots),
  anyKind(volumes),
  anyKind(clusterRoleBindings),
  anyKind(clusterRoles),
  anyKind(roleBindings),
  anyKind(roles),
  anyKind(volumeSnapshotClasses),
  anyKind(volumeSnapshotContents),
  anyKind(volumeSnapshots),
  anyKind(csiDrivers),
  anyKind(csiNodes),
  anyKind(csiStorageCapacities),
  anyKind(storageClasses),
  anyKind(volumeAttachments),
  anyKind(volumeAttributesClasses),
];

/**
 * The kind that a person means, written as kubectl takes it: `pvc`, `PersistentVolumeClaim`, `volumes.moorage.dev`,
 * `storageclasses.v1.storage.k8s.io`. Letter case does not matter. Undefined if there is none.
 */
export function kindByName(text: string): Kind | undefined {
  const wanted = text.trim().toLowerCase();
  const dot = wanted.indexOf('.');
  const name = dot < 0 ? wanted : wanted.slice(0, dot);
  const suffix = dot < 0 ? undefined : wanted.slice(dot + 1);
  return allKinds.find((kind) => namesOf(kind).includes(name) && groupMatches(kind, suffix));
}

function namesOf(kind: Kind): string[] {
  return [kind.plural, kind.singular, kind.kind.toLowerCase(), ...kind.shortNames];
}

function groupMatches(kind: Kind, suffix: string | undefined): boolean {
  if (suffix === undefined) return true;
  return [kind.group, kind.version, `${kind.version}.${kind.group}`].includes(suffix) && suffix !== '';
}
