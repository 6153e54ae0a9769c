/** The type of a field on the wire. */
export type FieldType =
  | 'string'
  | 'bytes'
  | 'bool'
  | 'int'
  | 'time'
  | 'quantity'
  | Message
  | { readonly map: FieldType };

/** A message: number of a field → its name, its type, and whether it is a list. */
export interface Message {
  readonly [number: number]: readonly [name: string, type: FieldType, repeated?: 'list'];
}

const metadata: Message = {
  1: ['name', 'string'],
  2: ['generateName', 'string'],
  3: ['namespace', 'string'],
  5: ['uid', 'string'],
  6: ['resourceVersion', 'string'],
  8: ['creationTimestamp', 'time'],
  11: ['labels', { map: 'string' }],
  12: ['annotations', { map: 'string' }],
  13: [
    'ownerReferences',
    {
      1: ['kind', 'string'],
      3: ['name', 'string'],
      4: ['uid', 'string'],
      5: ['apiVersion', 'string'],
      6: ['controller', 'bool'],
      7: ['blockOwnerDeletion', 'bool'],
    },
    'list',
  ],
  14: ['finalizers', 'string', 'list'],
};

const objectReference: Message = {
  1: ['kind', 'string'],
  2: ['namespace', 'string'],
  3: ['name', 'string'],
  4: ['uid', 'string'],
  5: ['apiVersion', 'string'],
  6: ['resourceVersion', 'string'],
  7: ['fieldPath', 'string'],
};

const labelSelector: Message = {
  1: ['matchLabels', { map: 'string' }],
  2: ['matchExpressions', { 1: ['key', 'string'], 2: ['operator', 'string'], 3: ['values', 'string', 'list'] }, 'list'],
};

const rules: Message = {
  1: ['verbs', 'string', 'list'],
  2: ['apiGroups', 'string', 'list'],
  3: ['resources', 'string', 'list'],
  4: ['resourceNames', 'string', 'list'],
  5: ['nonResourceURLs', 'string', 'list'],
};

const binding: Message = {
  1: ['metadata', metadata],
  2: [
    'subjects',
    { 1: ['kind', 'string'], 2: ['apiGroup', 'string'], 3: ['name', 'string'], 4: ['namespace', 'string'] },
    'list',
  ],
  3: ['roleRef', { 1: ['apiGroup', 'string'], 2: ['kind', 'string'], 3: ['name', 'string'] }],
};

const resourceAttributes: Message = {
  1: ['namespace', 'string'],
  2: ['verb', 'string'],
  3: ['group', 'string'],
  4: ['version', 'string'],
  5: ['resource', 'string'],
  6: ['subresource', 'string'],
  7: ['name', 'string'],
};

/**
 * The kinds that kubectl sends in binary form, because it makes them from its own types (`kubectl create namespace`,
 * `kubectl auth can-i`): `KIND.GROUP` → message. Field numbers are those of Kubernetes' generated.proto files.
 */
export const messages: Readonly<Record<string, Message>> = {
  'Namespace.': { 1: ['metadata', metadata], 2: ['spec', { 1: ['finalizers', 'string', 'list'] }] },
  'Secret.': {
    1: ['metadata', metadata],
    2: ['data', { map: 'bytes' }],
    3: ['type', 'string'],
    4: ['stringData', { map: 'string' }],
    5: ['immutable', 'bool'],
  },
  'ConfigMap.': {
    1: ['metadata', metadata],
    2: ['data', { map: 'string' }],
    3: ['binaryData', { map: 'bytes' }],
    4: ['immutable', 'bool'],
  },
  'ServiceAccount.': {
    1: ['metadata', metadata],
    2: ['secrets', objectReference, 'list'],
    3: ['imagePullSecrets', { 1: ['name', 'string'] }, 'list'],
    4: ['automountServiceAccountToken', 'bool'],
  },
  'ResourceQuota.': {
    1: ['metadata', metadata],
    2: [
      'spec',
      {
        1: ['hard', { map: 'quantity' }],
        2: ['scopes', 'string', 'list'],
        3: [
          'scopeSelector',
          {
            1: [
              'matchExpressions',
              { 1: ['scopeName', 'string'], 2: ['operator', 'string'], 3: ['values', 'string', 'list'] },
              'list',
            ],
          },
        ],
      },
    ],
  },
  'Role.rbac.authorization.k8s.io': { 1: ['metadata', metadata], 2: ['rules', rules, 'list'] },
  'ClusterRole.rbac.authorization.k8s.io': {
    1: ['metadata', metadata],
    2: ['rules', rules, 'list'],
    3: ['aggregationRule', { 1: ['clusterRoleSelectors', labelSelector, 'list'] }],
  },
  'RoleBinding.rbac.authorization.k8s.io': binding,
  'ClusterRoleBinding.rbac.authorization.k8s.io': binding,
  'SelfSubjectReview.authentication.k8s.io': { 1: ['metadata', metadata] },
  'SelfSubjectAccessReview.authorization.k8s.io': {
    1: ['metadata', metadata],
    2: [
      'spec',
      {
        1: ['resourceAttributes', resourceAttributes],
        2: ['nonResourceAttributes', { 1: ['path', 'string'], 2: ['verb', 'string'] }],
      },
    ],
  },
  'SelfSubjectRulesReview.authorization.k8s.io': {
    1: ['metadata', metadata],
    2: ['spec', { 1: ['namespace', 'string'] }],
  },
};
