import type { Api } from '../../../api/api.ts';
import {
  type ClusterRoleBinding,
  clusterRoleBindings,
  clusterRoles,
  type PolicyRule,
  type RoleBinding,
  roleBindings,
  roles,
} from '../../../model/kinds/index.ts';
import type { User } from '../authentication.ts';
import type { Authorizer } from '../authorization.ts';
import { ruleAllows } from './rules.ts';

type Binding = RoleBinding | ClusterRoleBinding;
type Subject = NonNullable<Binding['subjects']>[number];

/** Who may do what by the roles and bindings of an API. */
export interface Rbac {
  /** Says yes to what some rule of a role allows that the user is bound to. */
  readonly authorize: Authorizer;
  /** All rules that a user has: everywhere, and with a namespace those that hold in it only, too. */
  readonly rulesOf: (user: User, namespace?: string) => PolicyRule[];
  /** The rules of a role that a binding names; undefined if there is no such role. */
  readonly rulesOfRole: (roleRef: Binding['roleRef'], namespace?: string) => readonly PolicyRule[] | undefined;
}

/**
 * RBAC over the roles and bindings of an API, always as they are now. Bindings are found by their subjects, so that a
 * check costs what a user's own bindings cost, however many others there are.
 */
export function rbacOf(api: Pick<Api, 'informer'>): Rbac {
  const allRoles = api.informer(roles);
  const allClusterRoles = api.informer(clusterRoles);
  const everywhere = api
    .informer(clusterRoleBindings)
    .index('rbac-subjects', ({ subjects = [] }) => subjects.map((subject) => keyOf(subject, '')));
  const within = api
    .informer(roleBindings)
    .index('rbac-subjects', ({ metadata: { namespace = '' }, subjects = [] }) =>
      subjects.map((subject) => inNamespace(namespace, keyOf(subject, namespace))),
    );
  const rulesOfRole: Rbac['rulesOfRole'] = ({ kind, name }, namespace) => {
    const role = kind === 'ClusterRole' ? allClusterRoles.get({ name }) : allRoles.get({ namespace, name });
    return role && (role.rules ?? []);
  };

  /** The user's bindings, each with the rules of its role. */
  function* grantsOf(user: User, namespace: string | undefined): Generator<Grant> {
    const keys = [`User ${user.name}`, ...user.groups.map((group) => `Group ${group}`)];
    for (const subject of keys)
      for (const binding of everywhere(subject)) yield { binding, subject, rules: rulesOfRole(binding.roleRef) ?? [] };
    if (!namespace) return;
    for (const subject of keys)
      for (const binding of within(inNamespace(namespace, subject)))
        yield { binding, subject, rules: rulesOfRole(binding.roleRef, namespace) ?? [] };
  }

  return {
    authorize: (user, asked) => {
      for (const { binding, subject, rules } of grantsOf(user, 'path' in asked ? undefined : asked.namespace))
        if (rules.some((rule) => ruleAllows(rule, asked))) return { reason: reasonOf(binding, subject) };
      return undefined;
    },
    rulesOf: (user, namespace) => [...grantsOf(user, namespace)].flatMap(({ rules }) => rules),
    rulesOfRole,
  };
}

interface Grant {
  readonly binding: Binding;
  /** The key by which the binding was found. */
  readonly subject: string;
  readonly rules: readonly PolicyRule[];
}

/** A ServiceAccount is the user of its name. */
function keyOf({ kind, name, namespace }: Subject, ofBinding: string): string {
  return kind === 'ServiceAccount' ? `User system:serviceaccount:${namespace || ofBinding}:${name}` : `${kind} ${name}`;
}

function inNamespace(namespace: string, key: string): string {
  return `${namespace}/${key}`;
}

function reasonOf({ kind, metadata: { namespace, name }, roleRef }: Binding, key: string): string {
  const subject = key.replace(/ .*/s, (text) => ` ${JSON.stringify(text.slice(1))}`);
  const binding = namespace ? `${name}/${namespace}` : name;
  return `RBAC: allowed by ${kind} "${binding}" of ${roleRef.kind} "${roleRef.name}" to ${subject}`;
}
