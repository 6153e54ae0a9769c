import type { Api } from '../../api/api.ts';
import { type Volume, volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { alreadySay, poolNotReady, type Statement, withConditions } from '../conditions.ts';
import type { NodeStorage, PoolState } from './node-storage.ts';

/** Writes a Volume's status and what its conditions say now; nothing if they say it already and nothing else changed. */
export async function writeVolume(
  api: Api,
  volume: Volume,
  status: Volume['status'],
  statements: readonly Statement[],
  changed = false,
): Promise<void> {
  if (!changed && alreadySay(volume.status?.conditions, statements)) return;
  const conditions = withConditions(volume.status?.conditions, statements, volume.metadata.generation);
  await api.updateStatus(volumes, { ...volume, status: { ...status, conditions } });
}

/** That something is not ready, and why. */
export function notReady(reason: string, message: string): Statement[] {
  return [{ type: 'Ready', status: 'False', reason, message }];
}

/** Has the volumes of a pool say whether they can be used, now that the pool can or can't. */
export async function tellVolumes(storage: NodeStorage, pool: string, state: PoolState): Promise<void> {
  const { api } = storage.options;
  for (const volume of api.informer(volumes).list()) {
    const { placement, phase, conditions } = volume.status ?? {};
    if (placement?.pool !== pool || phase !== 'Ready' || isDeleting(volume) || !storage.hasVolume(volume)) continue;
    const said = conditions?.find(({ type }) => type === 'Ready')?.reason === poolNotReady;
    if (!state.ready) await writeVolume(api, volume, volume.status, notReady(poolNotReady, state.why));
    else if (said) await writeVolume(api, volume, volume.status, [inPool(pool)]);
  }
}

/** That a volume can be used. */
export function inPool(pool: string): Statement {
  return { type: 'Ready', status: 'True', reason: 'Created', message: `it is in pool ${pool}` };
}
