import type { Api } from '../../api/api.ts';
import { isCode } from '../../lib/errors.ts';
import { defaultPoolLabel, pools } from '../../model/kinds/moorage.ts';
import { waitFor } from '../objects/wait-for.ts';
import { readyMessage } from '../world/problems.ts';

/**
 * Deletes the pools that agents made by themselves, while there are agents to do it, and returns their names when they
 * are gone. They must be empty. Throws `timeout` if one stays, and says why.
 */
export async function removeDefaultPools(api: Api, timeout: number): Promise<readonly string[]> {
  const { items } = await api.list(pools, { labelSelector: defaultPoolLabel });
  const refs = items.map(({ metadata }) => ({ name: metadata.name }));
  for (const ref of refs) {
    await api.delete(pools, ref).catch((error: unknown) => {
      if (!isCode(error, 'not-found')) throw error;
    });
  }
  await Promise.all(
    refs.map((ref) =>
      waitFor({
        api,
        kind: pools,
        ref,
        timeout,
        until: (pool) => pool === undefined,
        late: (pool) => {
          const message = readyMessage(pool?.status?.conditions);
          return `node ${pool?.spec.node} has not removed it yet${message === undefined ? '' : ` (${message})`}`;
        },
      }),
    ),
  );
  return refs.map(({ name }) => name);
}
