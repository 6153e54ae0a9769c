import type { Api } from '../../api/api.ts';
import { isCode } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { defaultPoolLabel, type Pool, pools } from '../../model/kinds/moorage.ts';
import type { AgentProcessOptions } from './cluster-options.ts';

/** Ensures that this node has a pool: one of its own name, if no Pool names the node yet. */
export async function ensureNodePool(
  api: Api,
  { node, backend, poolPath }: Pick<AgentProcessOptions, 'node' | 'backend' | 'poolPath'>,
  log: Log,
): Promise<void> {
  const present = await api.list(pools);
  if (present.items.some(({ spec }) => spec.node === node)) return;
  try {
    const pool = poolOf(node, node, backend, poolPath);
    const labels = { [defaultPoolLabel]: 'true' };
    await api.create(pools, { ...pool, metadata: { ...pool.metadata, labels } });
    log.info({ pool: node, node }, 'pool made');
  } catch (error) {
    if (!isCode(error, 'already-exists')) throw error;
    log.warn({ pool: node, node }, 'this node has no pool: the Pool of its name is of another node; make one for it');
  }
}

/** A pool of the local engine. */
export function poolOf(name: string, node: string, backend: Pool['spec']['backend'], path: string | undefined): Pool {
  return {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Pool',
    metadata: { name },
    spec: { engine: 'local', backend, node, preallocate: false, overProvisioning: 1, ...(path ? { path } : {}) },
  };
}
