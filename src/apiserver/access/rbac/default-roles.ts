import type { ClusterRole, ClusterRoleBinding, PolicyRule } from '../../../model/kinds/index.ts';
import { administrators } from '../../credentials/pki.ts';
import { nodeRules } from './node-rules.ts';

type Subject = NonNullable<ClusterRoleBinding['subjects']>[number];

/** A ClusterRole that is made at start: its rules, or the label of those whose rules it gathers. */
export interface DefaultRole extends Pick<ClusterRole, 'rules'> {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly gathers?: string;
  /** Whom it is bound to everywhere. */
  readonly groups?: readonly string[];
}

const read = ['get', 'list', 'watch'];
const write = ['create', 'delete', 'deletecollection', 'patch', 'update'];
const aggregateTo = (role: string) => `rbac.authorization.k8s.io/aggregate-to-${role}`;
const gathered = (role: string) => ({ [aggregateTo(role)]: 'true' });
const pages = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
const discovery = ['/api', '/api/*', '/apis', '/apis/*', '/openapi', '/openapi/*'];
const rule = (apiGroup: string, resources: readonly string[], verbs: readonly string[]): PolicyRule => ({
  verbs: [...verbs],
  apiGroups: [apiGroup],
  resources: [...resources],
});
const pagesRule = (nonResourceURLs: readonly string[]): PolicyRule => ({
  verbs: ['get'],
  nonResourceURLs: [...nonResourceURLs],
});
const rbacGroup = 'rbac.authorization.k8s.io';
const snapshotGroup = 'snapshot.storage.k8s.io';

/**
 * The roles that are there from the start: those of Kubernetes, for the kinds that are served here, and `moorage:…`,
 * which bring the kinds of storage into `admin`, `edit` and `view`.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#default-roles-and-role-bindings
 */
export const defaultRoles: readonly DefaultRole[] = [
  {
    name: 'cluster-admin',
    rules: [rule('*', ['*'], ['*']), { verbs: ['*'], nonResourceURLs: ['*'] }],
    groups: [administrators],
  },
  { name: 'admin', gathers: aggregateTo('admin') },
  { name: 'edit', gathers: aggregateTo('edit'), labels: gathered('admin') },
  { name: 'view', gathers: aggregateTo('view'), labels: gathered('edit') },
  {
    name: 'system:aggregate-to-admin',
    labels: gathered('admin'),
    rules: [
      rule('authorization.k8s.io', ['localsubjectaccessreviews'], ['create']),
      rule(rbacGroup, ['rolebindings', 'roles'], [...read, ...write]),
    ],
  },
  {
    name: 'system:aggregate-to-edit',
    labels: gathered('edit'),
    rules: [
      rule('', ['secrets'], read),
      rule('', ['serviceaccounts'], ['impersonate']),
      rule('', ['configmaps', 'events', 'persistentvolumeclaims', 'secrets', 'serviceaccounts'], write),
      rule('', ['serviceaccounts/token'], ['create']),
      rule('coordination.k8s.io', ['leases'], [...read, ...write]),
      rule('events.k8s.io', ['events'], write),
    ],
  },
  {
    name: 'system:aggregate-to-view',
    labels: gathered('view'),
    rules: [
      rule(
        '',
        [
          'configmaps',
          'events',
          'namespaces',
          'namespaces/status',
          'persistentvolumeclaims',
          'persistentvolumeclaims/status',
          'pods',
          'resourcequotas',
          'resourcequotas/status',
          'serviceaccounts',
          'services',
        ],
        read,
      ),
      rule('events.k8s.io', ['events'], read),
    ],
  },
  {
    name: 'moorage:aggregate-to-edit',
    labels: gathered('edit'),
    rules: [rule('moorage.dev', ['mounts'], write), rule(snapshotGroup, ['volumesnapshots'], write)],
  },
  {
    // What is in no namespace is seen by who is bound everywhere.
    name: 'moorage:aggregate-to-view',
    labels: gathered('view'),
    rules: [
      rule('', ['nodes', 'persistentvolumes'], read),
      rule('moorage.dev', ['inventories', 'mounts', 'pools', 'snapshots', 'volumes'], read),
      rule('moorage.dev', ['mounts/status', 'pools/status', 'snapshots/status', 'volumes/status'], ['get']),
      rule(snapshotGroup, ['volumesnapshotclasses', 'volumesnapshotcontents', 'volumesnapshots'], read),
      rule(snapshotGroup, ['volumesnapshots/status'], ['get']),
      rule(
        'storage.k8s.io',
        ['csidrivers', 'csinodes', 'csistoragecapacities', 'storageclasses', 'volumeattributesclasses'],
        read,
      ),
    ],
  },
  {
    name: 'system:basic-user',
    rules: [
      rule('authorization.k8s.io', ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
      rule('authentication.k8s.io', ['selfsubjectreviews'], ['create']),
    ],
    groups: ['system:authenticated'],
  },
  { name: 'system:discovery', rules: [pagesRule([...discovery, ...pages])], groups: ['system:authenticated'] },
  {
    name: 'system:public-info-viewer',
    rules: [pagesRule(pages)],
    groups: ['system:authenticated', 'system:unauthenticated'],
  },
  {
    name: 'system:monitoring',
    rules: [pagesRule([...pages.slice(0, 3), '/livez/*', '/readyz/*', '/metrics'])],
    groups: ['system:monitoring'],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [
      pagesRule([
        '/.well-known/openid-configuration',
        '/.well-known/openid-configuration/',
        '/openid/v1/jwks',
        '/openid/v1/jwks/',
      ]),
    ],
    groups: ['system:serviceaccounts'],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      rule('authentication.k8s.io', ['tokenreviews'], ['create']),
      rule('authorization.k8s.io', ['subjectaccessreviews'], ['create']),
    ],
  },
  // Bound to nobody: nothing narrows it to a node's own objects yet.
  { name: 'system:node', rules: nodeRules },
];

/** The groups that a role is bound to, as subjects. */
export function subjectsOf(groups: readonly string[]): Subject[] {
  return groups.map((name) => ({ kind: 'Group', apiGroup: rbacGroup, name }));
}
