import { refuse } from '../../api/status.ts';
import { resourceOf } from '../../model/kind.ts';
import type { VirtualResource } from './discovery.ts';

const apps = { group: 'apps', version: 'v1', namespaced: true } as const;
const batch = { group: 'batch', version: 'v1', namespaced: true } as const;

/**
 * Kinds that run containers. They are announced, so that clients come to ask for them and are told what does their job
 * here; nothing of them is kept.
 */
export const workloads: readonly VirtualResource[] = [
  { ...apps, kind: 'DaemonSet', plural: 'daemonsets', singular: 'daemonset', shortNames: ['ds'] },
  { ...apps, kind: 'Deployment', plural: 'deployments', singular: 'deployment', shortNames: ['deploy'] },
  { ...apps, kind: 'ReplicaSet', plural: 'replicasets', singular: 'replicaset', shortNames: ['rs'] },
  { ...apps, kind: 'StatefulSet', plural: 'statefulsets', singular: 'statefulset', shortNames: ['sts'] },
  { ...batch, kind: 'CronJob', plural: 'cronjobs', singular: 'cronjob', shortNames: ['cj'] },
  { ...batch, kind: 'Job', plural: 'jobs', singular: 'job', shortNames: [] },
];

/** What to use instead of what is not served, by resource. */
const instead: Readonly<Record<string, string>> = {
  services: 'the one Service that is here is written by Moorage itself',
  ...Object.fromEntries(
    ['pods', ...workloads.map(resourceOf)].map((resource) => [
      resource,
      'Moorage runs no containers outside of a Kubernetes cluster; what uses a claim here is a Mount: ' +
        '"moorage mount CLAIM PATH", "moorage run --claim CLAIM:PATH -- PROGRAM", or an object of kind Mount (kubectl explain mount)',
    ]),
  ),
};

/** Says that objects of a kind can't be written here, and what to do where that is known. */
export function notWritable(resource: {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
}): never {
  const name = resourceOf(resource);
  const why = instead[name] ?? 'its objects can only be read here';
  const { group, plural } = resource;
  const details = { ...(group && { group }), kind: plural };
  return refuse(405, 'MethodNotAllowed', `${resource.kind} can't be written: ${why}`, details);
}

/** The answer to a request about a workload that is not kept: that there is none, or what to use. */
export function answerWorkload(resource: VirtualResource, method: string, name: string | undefined): never {
  const asksForOne = name !== undefined && ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE'].includes(method);
  if (!asksForOne) return notWritable(resource);
  const { group, plural } = resource;
  return refuse(404, 'NotFound', `${resourceOf(resource)} "${name}" not found`, { name, group, kind: plural });
}
