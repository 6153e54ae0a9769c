import type { Api } from '../../api/api.ts';
import { fail, isCode } from '../../lib/errors.ts';
import { type Mount, mounts } from '../../model/kinds/index.ts';
import { keyOf, type ObjectRef, refTo } from '../../model/object.ts';
import type { Progress } from '../output/progress.ts';
import { readyMessage } from '../world/problems.ts';
import { waitFor } from './wait-for.ts';

/** A Mount, and whether this call made it. */
export interface Ensured {
  readonly mount: Mount;
  readonly isNew: boolean;
}

/** Ensures a Mount; one of that name that asks for the same is taken as it is. Throws `already-exists`. */
export async function ensureMount(api: Api, mount: Mount): Promise<Ensured> {
  try {
    return { mount: await api.create(mounts, mount), isNew: true };
  } catch (error) {
    if (!isCode(error, 'already-exists')) throw error;
    const found = await api.get(mounts, refTo(mount));
    const same =
      found?.spec.claim === mount.spec.claim &&
      found.spec.path === mount.spec.path &&
      found.spec.readOnly === mount.spec.readOnly;
    if (found && same) return { mount: found, isNew: false };
    throw error;
  }
}

/** Waits until a Mount is Mounted. Throws its own message if it failed, `timeout` if it takes too long. */
export async function waitMounted(api: Api, mount: Mount, progress: Progress, timeout: number): Promise<Mount> {
  const ref = refTo(mount);
  const what = `mounting ${mount.spec.claim} at ${mount.spec.path}`;
  const mounted = await waitFor({
    api,
    kind: mounts,
    ref,
    timeout,
    until: (it) => {
      if (!it) return fail('not-found', `${what}: Mount ${keyOf(ref)} was deleted by somebody else`);
      const message = readyMessage(it.status?.conditions);
      if (it.status?.phase === 'Failed') fail('not-ready', `${what}: ${message ?? 'it failed'}`);
      progress.update(message ? `${what}: ${message}` : what);
      return it.status?.phase === 'Mounted';
    },
    late: (last) => readyMessage(last?.status?.conditions) ?? 'nothing has taken it up: is "moorage up" well?',
  });
  return mounted ?? fail('not-found', `${what}: the Mount is gone`);
}

/** Deletes a Mount and waits until it is gone. Throws `timeout` with what keeps it, such as a program on it. */
export async function unmount(api: Api, ref: ObjectRef, progress: Progress, timeout: number): Promise<void> {
  const last = await api.delete(mounts, ref);
  if (!last) return;
  const what = `unmounting ${last.spec.path}`;
  progress.update(what);
  await waitFor({
    api,
    kind: mounts,
    ref,
    timeout,
    until: (it) => {
      const message = readyMessage(it?.status?.conditions);
      progress.update(message ? `${what}: ${message}` : what);
      return it === undefined || it.metadata.uid !== last.metadata.uid;
    },
    late: (it) => `${readyMessage(it?.status?.conditions) ?? 'it is still there'}; it goes as soon as that ends`,
  });
}
