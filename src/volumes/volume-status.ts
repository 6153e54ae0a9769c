import type { Api } from '../api/api.ts';
import { type Volume, volumes } from '../model/kinds/moorage.ts';
import { alreadySay, type Statement, withConditions } from './conditions.ts';

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
