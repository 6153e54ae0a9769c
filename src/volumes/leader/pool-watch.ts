import { Controller, type Result } from '../../api/controller.ts';
import { type Pool, pools } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { alreadySay, type Statement, withConditions } from '../conditions.ts';
import type { ClusterView } from './cluster-view.ts';

/** Milliseconds between two looks, and how long an agent may be silent before its pools say so. */
const lookEvery = 20_000;
const patience = 40_000;

/**
 * Says of each pool what its own agent can't: that it names no node, or that its node or its agent is not there. The
 * agent overwrites that when it is back.
 */
export function createPoolWatch(view: ClusterView): Controller {
  const { api, log } = view.options;
  const silentSince = new Map<string, number>();
  const reconcile = async (name: string): Promise<Result> => {
    const pool = api.informer(pools).get({ name });
    if (!pool) {
      silentSince.delete(name);
      return {};
    }
    const { node } = pool.spec;
    if (node === undefined) {
      await say(view, pool, 'Pending', 'NoNode', 'it names no node, so nobody opens it: set its spec.node');
      return {};
    }
    const why = view.liveness.whyNot(node);
    if (why === undefined) {
      silentSince.delete(name);
      return { again: lookEvery };
    }
    const since = silentSince.get(name) ?? performance.now();
    silentSince.set(name, since);
    const left = since + patience - performance.now();
    if (left > 0) return { again: Math.min(left, lookEvery) };
    await say(view, pool, 'Failed', 'NodeNotReady', isDeleting(pool) ? `${why}: it goes once ${node} is back` : why);
    return { again: lookEvery };
  };
  return new Controller({ name: 'pool-watch', log, reconcile }).watch(api.informer(pools), ({ metadata }) => [
    metadata.name,
  ]);
}

async function say(
  { options: { api, events } }: ClusterView,
  pool: Pool,
  phase: 'Pending' | 'Failed',
  reason: string,
  message: string,
): Promise<void> {
  const statement: Statement = { type: 'Ready', status: 'False', reason, message };
  if (pool.status?.phase === phase && alreadySay(pool.status.conditions, [statement])) return;
  events.warning(pool, reason, message);
  const conditions = withConditions(pool.status?.conditions, [statement], pool.metadata.generation);
  await api.updateStatus(pools, { ...pool, status: { ...pool.status, phase, conditions } });
}
