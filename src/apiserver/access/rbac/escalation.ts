import type { Request } from '../../../api/embedded/admission/admission.ts';
import { same } from '../../../api/embedded/frozen.ts';
import { refuse } from '../../../api/status.ts';
import { resourceOf } from '../../../model/kind.ts';
import type { ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding } from '../../../model/kinds/index.ts';
import type { KubeObject } from '../../../model/object.ts';
import { administrators } from '../../credentials/pki.ts';
import type { User } from '../authentication.ts';
import type { Rbac } from './rbac.ts';
import { goList, notCovered, ruleLines } from './rules.ts';

const group = 'rbac.authorization.k8s.io';
const everything: PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/** True for kinds whose writes may hand out rights. */
export function isRbacKind(kind: { readonly group: string }): boolean {
  return kind.group === group;
}

/**
 * Refuses a write that would hand out rights which its user does not have: rules of a role without the verb
 * `escalate`, a binding without the verb `bind` on its role.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping
 */
export function refuseEscalation(rbac: Rbac, user: User, write: Request): void {
  const { operation, kind, object, old } = write;
  if (operation === 'delete' || user.groups.includes(administrators)) return;
  if (old && same(withoutOwners(object), withoutOwners(old))) return;
  // The kind says what type the object is.
  if (kind.kind === 'Role' || kind.kind === 'ClusterRole') checkRole(rbac, user, write, object as Role | ClusterRole);
  else checkBinding(rbac, user, write, object as RoleBinding | ClusterRoleBinding);
}

function checkRole(rbac: Rbac, user: User, write: Request, role: Role | ClusterRole): void {
  const { namespace, name } = role.metadata;
  const asked = { verb: 'escalate', group, resource: write.kind.plural, namespace, name };
  if (rbac.authorize(user, asked)) return;
  const held = rbac.rulesOf(user, namespace);
  if ('aggregationRule' in role && role.aggregationRule && notCovered(held, everything).length > 0) {
    refuseWrite(write, 'must have cluster-admin privileges to use an aggregationRule');
  }
  checkHeld(user, write, held, role.rules ?? []);
}

function checkBinding(rbac: Rbac, user: User, write: Request, binding: RoleBinding | ClusterRoleBinding): void {
  const { namespace } = binding.metadata;
  const { kind, name } = binding.roleRef;
  const resource = kind === 'Role' ? 'roles' : 'clusterroles';
  if (rbac.authorize(user, { verb: 'bind', group, resource, namespace, name })) return;
  const wanted =
    rbac.rulesOfRole(binding.roleRef, namespace) ??
    refuse(404, 'NotFound', `${resource}.${group} "${name}" not found`, { name, group, kind: resource });
  checkHeld(user, write, rbac.rulesOf(user, namespace), wanted);
}

function checkHeld(user: User, write: Request, held: readonly PolicyRule[], wanted: readonly PolicyRule[]): void {
  const missing = notCovered(held, wanted);
  if (missing.length === 0) return;
  const who = `user ${JSON.stringify(user.name)} (groups=${goList(user.groups)})`;
  const what = 'is attempting to grant RBAC permissions not currently held';
  refuseWrite(write, `${who} ${what}:\n${ruleLines(missing).join('\n')}`);
}

function refuseWrite({ kind, object }: Request, why: string): never {
  const { name } = object.metadata;
  const details = { name, group: kind.group, kind: kind.plural };
  return refuse(403, 'Forbidden', `${resourceOf(kind)} "${name}" is forbidden: ${why}`, details);
}

/** Without what the garbage collector must be able to change. */
function withoutOwners({ metadata, ...rest }: KubeObject): object {
  const { ownerReferences: _owners, finalizers: _finalizers, ...kept } = metadata;
  return { ...rest, metadata: kept };
}
