import type { Api } from '../../api/api.ts';
import { ensureNode } from '../../kubelet/node/node-object.ts';
import { isCode } from '../../lib/errors.ts';
import { firstPoolMark, nodes, pools } from '../../model/kinds/index.ts';
import { poolOf } from '../cluster/node-pool.ts';
import type { UpOptions } from './up-options.ts';

const firstPool = 'default';

type FirstObjects = Pick<UpOptions, 'node' | 'backend' | 'poolPath'>;

/**
 * Ensures this machine's Node, and on a new data directory the pool `default`. The Node is marked once the pool has
 * been made, so that a pool which somebody deleted does not come back.
 */
export async function ensureFirstObjects(api: Api, options: FirstObjects): Promise<void> {
  const known = await ensureNode(api, options.node);
  if (known.metadata.annotations?.[firstPoolMark]) return;
  await ensurePool(api, options);
  const body = { metadata: { annotations: { [firstPoolMark]: firstPool } } };
  await api.patch(nodes, { name: options.node }, { type: 'merge', body });
}

async function ensurePool(api: Api, { backend, poolPath, node }: FirstObjects): Promise<void> {
  await api.create(pools, poolOf(firstPool, node, backend, poolPath)).catch((error: unknown) => {
    if (!isCode(error, 'already-exists')) throw error;
  });
}
