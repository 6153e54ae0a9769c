import * as z from 'zod';
import { errorsOfEach, invalid, notSupported, required, same } from '../field-errors.ts';
import type { FieldError } from '../kind.ts';
import { objectMeta } from '../object.ts';
import { ageColumn, column, defineKind, nameColumn } from './define.ts';
import { labelSelector, labelSelectorErrors, metadataMergeKeys } from './shared.ts';

const group = 'rbac.authorization.k8s.io';
const apiVersion = z.literal('rbac.authorization.k8s.io/v1');
const texts = z.array(z.string()).optional();
const policyRule = z.object({
  verbs: z.array(z.string()),
  apiGroups: texts,
  resources: texts,
  resourceNames: texts,
  nonResourceURLs: texts,
});
export type PolicyRule = z.infer<typeof policyRule>;
const rules = z.array(policyRule).nullish();
const roleRef = z.object({ apiGroup: z.string().optional(), kind: z.string(), name: z.string() });
const subject = z.object({
  kind: z.string(),
  apiGroup: z.string().optional(),
  name: z.string(),
  namespace: z.string().optional(),
});
type Subject = z.infer<typeof subject>;
const binding = { apiVersion, metadata: objectMeta, subjects: z.array(subject).optional(), roleRef };

const roleSchema = z.object({ apiVersion, kind: z.literal('Role'), metadata: objectMeta, rules });
export type Role = z.infer<typeof roleSchema>;
const clusterRoleSchema = z.object({
  apiVersion,
  kind: z.literal('ClusterRole'),
  metadata: objectMeta,
  rules,
  aggregationRule: z.object({ clusterRoleSelectors: z.array(labelSelector).optional() }).nullish(),
});
export type ClusterRole = z.infer<typeof clusterRoleSchema>;
const roleBindingSchema = z.object({ ...binding, kind: z.literal('RoleBinding') });
export type RoleBinding = z.infer<typeof roleBindingSchema>;
const clusterRoleBindingSchema = z.object({ ...binding, kind: z.literal('ClusterRoleBinding') });
export type ClusterRoleBinding = z.infer<typeof clusterRoleBindingSchema>;

/** Kubernetes prints when a role was made, not how long ago. */
const createdColumn = <T extends Role | ClusterRole>() =>
  column<T>('Created At', 'When it was made.', (role) => role.metadata.creationTimestamp ?? '');
const shared = { group, version: 'v1', nameRule: 'path', mergeKeys: metadataMergeKeys } as const;

/** Role, as rbac.authorization.k8s.io/v1 has it. */
export const roles = defineKind<Role>({
  ...shared,
  kind: 'Role',
  plural: 'roles',
  updateCreates: true,
  namespaced: true,
  description: 'What may be done in a namespace.',
  schema: roleSchema as z.ZodType<Role>,
  validate: (role) => errorsOfEach(role.rules ?? [], (rule, index) => ruleErrors(`rules[${index}]`, rule, true)),
  table: [nameColumn<Role>(), createdColumn<Role>()],
});

/** ClusterRole, as rbac.authorization.k8s.io/v1 has it. */
export const clusterRoles = defineKind<ClusterRole>({
  ...shared,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  updateCreates: true,
  description: 'What may be done everywhere.',
  schema: clusterRoleSchema as z.ZodType<ClusterRole>,
  validate: (role) => [
    ...errorsOfEach(role.rules ?? [], (rule, index) => ruleErrors(`rules[${index}]`, rule, false)),
    ...aggregationErrors(role.aggregationRule),
  ],
  table: [nameColumn<ClusterRole>(), createdColumn<ClusterRole>()],
});

/** RoleBinding, as rbac.authorization.k8s.io/v1 has it. */
export const roleBindings = defineKind<RoleBinding>({
  ...shared,
  kind: 'RoleBinding',
  plural: 'rolebindings',
  updateCreates: true,
  namespaced: true,
  description: 'Who has a role in a namespace.',
  schema: roleBindingSchema as z.ZodType<RoleBinding>,
  prepare: prepareBinding,
  validate: (it, old) => bindingErrors(it, old, ['Role', 'ClusterRole']),
  table: bindingColumns<RoleBinding>(),
});

/** ClusterRoleBinding, as rbac.authorization.k8s.io/v1 has it. */
export const clusterRoleBindings = defineKind<ClusterRoleBinding>({
  ...shared,
  kind: 'ClusterRoleBinding',
  plural: 'clusterrolebindings',
  updateCreates: true,
  description: 'Who has a role everywhere.',
  schema: clusterRoleBindingSchema as z.ZodType<ClusterRoleBinding>,
  prepare: prepareBinding,
  validate: (it, old) => bindingErrors(it, old, ['ClusterRole']),
  table: bindingColumns<ClusterRoleBinding>(),
});

type Binding = RoleBinding | ClusterRoleBinding;

function bindingColumns<T extends Binding>() {
  const names = (kind: string) => (it: T) =>
    (it.subjects ?? [])
      .filter((subject) => subject.kind === kind)
      .map(({ namespace, name }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
      .join(', ');
  return [
    nameColumn<T>(),
    column<T>('Role', 'The role.', ({ roleRef: { kind, name } }) => `${kind}/${name}`),
    ageColumn<T>(),
    column<T>('Users', 'Users who have it.', names('User'), { wide: true }),
    column<T>('Groups', 'Groups that have it.', names('Group'), { wide: true }),
    column<T>('ServiceAccounts', 'Programs that have it.', names('ServiceAccount'), { wide: true }),
  ];
}

function prepareBinding(it: Binding): void {
  if (it.roleRef) it.roleRef.apiGroup ||= group;
  for (const subject of it.subjects ?? []) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= group;
  }
}

function ruleErrors(field: string, rule: PolicyRule, namespaced: boolean): FieldError[] {
  const verbs = rule.verbs.length > 0 ? [] : [required(`${field}.verbs`, 'verbs must contain at least one value')];
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const urls = `${field}.nonResourceURLs`;
  if (nonResourceURLs.length > 0) {
    const mixed = 'rules cannot apply to both regular resources and non-resource URLs';
    return [
      ...verbs,
      ...(namespaced ? [invalid(urls, nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs')] : []),
      ...(apiGroups.length + resources.length + resourceNames.length > 0
        ? [invalid(urls, nonResourceURLs, mixed)]
        : []),
    ];
  }
  return [
    ...verbs,
    ...(apiGroups.length > 0
      ? []
      : [required(`${field}.apiGroups`, 'resource rules must supply at least one api group')]),
    ...(resources.length > 0
      ? []
      : [required(`${field}.resources`, 'resource rules must supply at least one resource')]),
  ];
}

function aggregationErrors(rule: ClusterRole['aggregationRule']): FieldError[] {
  if (!rule) return [];
  const field = 'aggregationRule.clusterRoleSelectors';
  const selectors = rule.clusterRoleSelectors ?? [];
  if (selectors.length === 0) {
    return [required(field, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  }
  return errorsOfEach(selectors, (selector, index) => labelSelectorErrors(`${field}[${index}]`, selector));
}

function bindingErrors(it: Binding, old: Binding | undefined, kinds: readonly string[]): FieldError[] {
  return [
    ...(it.roleRef.apiGroup === group ? [] : [notSupported('roleRef.apiGroup', it.roleRef.apiGroup, [group])]),
    ...(kinds.includes(it.roleRef.kind) ? [] : [notSupported('roleRef.kind', it.roleRef.kind, kinds)]),
    ...(it.roleRef.name ? [] : [required('roleRef.name')]),
    ...errorsOfEach(it.subjects ?? [], (one, index) =>
      subjectErrors(`subjects[${index}]`, one, it.kind === 'RoleBinding'),
    ),
    ...(old && !same(it.roleRef, old.roleRef) ? [invalid('roleRef', it.roleRef, 'cannot change roleRef')] : []),
  ];
}

function subjectErrors(field: string, { kind, name, apiGroup, namespace }: Subject, namespaced: boolean): FieldError[] {
  const errors = name ? [] : [required(`${field}.name`)];
  switch (kind) {
    case 'ServiceAccount':
      if (apiGroup) errors.push(notSupported(`${field}.apiGroup`, apiGroup, ['']));
      if (!namespaced && !namespace) errors.push(required(`${field}.namespace`));
      return errors;
    case 'User':
    case 'Group':
      return apiGroup === group ? errors : [...errors, notSupported(`${field}.apiGroup`, apiGroup, [group])];
    default:
      return [...errors, notSupported(`${field}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}
