import { messageOf } from '../../../src/lib/errors.ts';
import { type Cluster, until } from '../cluster/index.ts';
import type { Spec } from './report.ts';

const kinds = 'volumes.moorage.dev,snapshots.moorage.dev,persistentvolumes,volumesnapshotcontents';

/** What the tests may leave nothing of: volumes and snapshots, as users and as administrators see them. */
export async function inventory(cluster: Cluster): Promise<string[]> {
  return (await cluster.kubectl(['get', kinds, '-o', 'name'])).split('\n').filter(Boolean);
}

/** One more test: whether all that the suite made goes, too. */
export async function nothingLeft(cluster: Cluster, before: readonly string[]): Promise<Spec> {
  const started = performance.now();
  let reason = '';
  try {
    await until('what the tests made is gone', 60, async () => {
      const left = (await inventory(cluster)).filter((name) => !before.includes(name));
      if (left.length > 0) throw new Error(`left over: ${left.join(', ')}`);
      return true;
    });
  } catch (error) {
    reason = messageOf(error);
  }
  const outcome = reason === '' ? 'passed' : 'failed';
  const seconds = (performance.now() - started) / 1000;
  return { group: 'leftovers', name: 'nothing is left over', outcome, reason, seconds, output: '' };
}
