import type { Api } from '../../../api/api.ts';
import { same } from '../../../api/embedded/frozen.ts';
import {
  type ClusterRole,
  type ClusterRoleBinding,
  clusterRoleBindings,
  clusterRoles,
} from '../../../model/kinds/index.ts';
import { type DefaultRole, defaultRoles, subjectsOf } from './default-roles.ts';
import { notCovered } from './rules.ts';

const apiVersion = 'rbac.authorization.k8s.io/v1';
const apiGroup = 'rbac.authorization.k8s.io';
const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const autoUpdate = 'rbac.authorization.kubernetes.io/autoupdate';

/**
 * Makes the default roles and bindings, and gives back to those that are there what they lack, unless their annotation
 * `rbac.authorization.kubernetes.io/autoupdate` is not `true`. What somebody has added stays.
 */
export async function ensureDefaultRoles(api: Api): Promise<void> {
  await Promise.all(defaultRoles.flatMap((role) => [ensureRole(api, role), ensureBinding(api, role)]));
}

async function ensureRole(api: Api, wanted: DefaultRole): Promise<void> {
  const { name, rules = [], gathers } = wanted;
  const found = api.informer(clusterRoles).get({ name });
  const selector = { matchLabels: { [gathers ?? '']: 'true' } };
  if (!found) {
    await api.create(clusterRoles, {
      apiVersion,
      kind: 'ClusterRole',
      metadata: { name, labels: { ...labels, ...wanted.labels }, annotations: { [autoUpdate]: 'true' } },
      ...(gathers ? { aggregationRule: { clusterRoleSelectors: [selector] } } : {}),
      rules,
    });
    return;
  }
  if (found.metadata.annotations?.[autoUpdate] !== 'true') return;
  const selectors = found.aggregationRule?.clusterRoleSelectors ?? [];
  const lacksSelector = gathers && !selectors.some((one) => same(one, selector));
  const next: ClusterRole = {
    ...found,
    metadata: { ...found.metadata, labels: { ...labels, ...wanted.labels, ...found.metadata.labels } },
    rules: [...(found.rules ?? []), ...notCovered(found.rules ?? [], rules ?? [])],
    ...(lacksSelector ? { aggregationRule: { clusterRoleSelectors: [...selectors, selector] } } : {}),
  };
  if (!same(next, found)) await api.update(clusterRoles, next);
}

async function ensureBinding(api: Api, { name, groups = [] }: DefaultRole): Promise<void> {
  if (groups.length === 0) return;
  const found = api.informer(clusterRoleBindings).get({ name });
  const subjects = subjectsOf(groups);
  const roleRef = { apiGroup, kind: 'ClusterRole', name };
  const metadata = { name, labels, annotations: { [autoUpdate]: 'true' } };
  const binding: ClusterRoleBinding = { apiVersion, kind: 'ClusterRoleBinding', metadata, subjects, roleRef };
  if (!found) {
    await api.create(clusterRoleBindings, binding);
    return;
  }
  if (found.metadata.annotations?.[autoUpdate] !== 'true') return;
  if (!same(found.roleRef, roleRef)) {
    // It can't be changed. The name is not free until the old one is gone.
    await api.delete(clusterRoleBindings, { name });
    await api.create(clusterRoleBindings, binding);
    return;
  }
  const there = found.subjects ?? [];
  const lacking = subjects.filter((one) => !there.some((subject) => same(subject, one)));
  if (lacking.length > 0) await api.update(clusterRoleBindings, { ...found, subjects: [...there, ...lacking] });
}
