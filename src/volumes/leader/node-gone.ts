import type { Kind } from '../../model/kind.ts';
import { resourceOf } from '../../model/kind.ts';
import type { Condition, KubeObject } from '../../model/object.ts';
import { alreadySay, type Statement, withConditions } from '../conditions.ts';
import type { ClusterView } from './cluster-view.ts';

/** The reason of the condition of what can't be deleted, since the node that has it is no longer there. */
export const nodeGone = 'NodeGone';

interface Kept extends KubeObject {
  status?: { conditions?: Condition[] | undefined } | undefined;
}

/** Says of an object that waits for its finalizer that the node that has its bytes is gone, and what can be done. */
export async function sayNodeGone<T extends Kept>(
  { options: { api, events } }: ClusterView,
  kind: Kind<T>,
  object: T,
  node: string,
): Promise<void> {
  const { name, generation } = object.metadata;
  const message =
    `its bytes are on node ${node}, which is no longer in the cluster: it goes once that node is back; if it never ` +
    `comes back: kubectl patch ${resourceOf(kind)} ${name} --type=merge -p '{"metadata":{"finalizers":null}}'`;
  const gone: Statement = { type: 'Ready', status: 'False', reason: nodeGone, message };
  if (alreadySay(object.status?.conditions, [gone])) return;
  events.warning(object, nodeGone, message);
  const conditions = withConditions(object.status?.conditions, [gone], generation);
  await api.updateStatus(kind, { ...object, status: { ...object.status, conditions } });
}
