import type { Api } from '../../api/api.ts';
import { isCode } from '../../lib/errors.ts';
import { persistentVolumes, volumeSnapshotContents } from '../../model/kinds/index.ts';
import { isNeeding } from './held.ts';
import { listAll } from './list-all.ts';
import { contentReference, needsSnapshot, type References, referenceOf, snapshotOf, volumeOf } from './rules.ts';

/**
 * Asks the API each time: for an agent, which does not watch the PersistentVolumes of all nodes. What was made for
 * a claim has a name that tells who names it, and then one object is asked for; only for what has none, all are listed.
 */
export function askedReferences(api: Api): References {
  const volumes = shared(() => listAll(api, persistentVolumes));
  const contents = shared(() => listAll(api, volumeSnapshotContents));
  return {
    async ofVolume(name) {
      const namesake = await api.get(persistentVolumes, { name });
      const known = namesake && volumeOf(namesake) === name ? [namesake] : await volumes();
      for (const volume of known) {
        if (volumeOf(volume) === name && (await isNeeding(api, volume))) return referenceOf(volume);
      }
      return undefined;
    },
    async ofSnapshot(name) {
      const usual = name.replace(/^snapshot-/, 'snapcontent-');
      const namesake = await getServed(api, usual);
      const known = namesake && snapshotOf(namesake) === name ? [namesake] : await contents();
      const content = known.find((it) => snapshotOf(it) === name && needsSnapshot(it));
      return content && contentReference(content);
    },
  };
}

async function getServed(api: Api, name: string) {
  try {
    return await api.get(volumeSnapshotContents, { name });
  } catch (error) {
    if (!isCode(error, 'not-found')) throw error;
    return undefined;
  }
}

/** Calls that come while one runs share the next one, which begins after all of them were made. */
function shared<T>(call: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= running.then(() => {
      const now = call();
      next = undefined;
      running = now.catch(() => {});
      return now;
    });
    return next;
  };
}
