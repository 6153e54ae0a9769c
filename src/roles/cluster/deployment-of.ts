import * as z from 'zod';
import type { Api } from '../../api/api.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { defineKind } from '../../model/kinds/define.ts';
import { pods } from '../../model/kinds/index.ts';
import { type KubeObject, type OwnerReference, objectMeta } from '../../model/object.ts';

const schema = z.looseObject({
  apiVersion: z.literal('apps/v1'),
  kind: z.literal('ReplicaSet'),
  metadata: objectMeta,
});
const replicaSets = defineKind<KubeObject>({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  namespaced: true,
  description: 'What keeps the pods of one version of a Deployment.',
  schema: schema as z.ZodType<KubeObject>,
});

/**
 * The Deployment that a pod belongs to, so that what the pod's process makes can go with it: the owner of the
 * ReplicaSet that owns the pod, as csi-provisioner has it with `--capacity-ownerref-level=2`. Undefined if the process
 * is no such pod, or may not know.
 */
export async function deploymentOf(
  api: Api,
  pod: { readonly namespace: string; readonly name: string },
  log: Log,
): Promise<OwnerReference | undefined> {
  try {
    const set = ownerOf(await api.get(pods, pod), replicaSets.kind);
    return set && ownerOf(await api.get(replicaSets, { namespace: pod.namespace, name: set.name }), 'Deployment');
  } catch (error) {
    log.warn({ pod: pod.name, reason: messageOf(error) }, 'the Deployment of this pod is unknown');
    return undefined;
  }
}

function ownerOf(object: KubeObject | undefined, kind: string): OwnerReference | undefined {
  const owner = object?.metadata.ownerReferences?.find((it) => it.controller === true && it.kind === kind);
  // Whoever blocks the deletion of a Deployment must be allowed to change it: this does not.
  return owner && { ...owner, blockOwnerDeletion: false };
}
