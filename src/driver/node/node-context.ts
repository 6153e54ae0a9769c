import { stat } from 'node:fs/promises';
import type { EngineRef } from '../../engines/engine.ts';
import { fail } from '../../lib/errors.ts';
import type { KeyedLock } from '../../lib/keyed-lock.ts';
import { type Volume, volumes } from '../../model/kinds/moorage.ts';
import { deviceNumber } from '../../node/mount.ts';
import { canonical, isMountOf, type MountEntry, readMounts } from '../../node/mountinfo.ts';
import type { Records } from '../../node/records.ts';
import type { Use } from '../capability.ts';
import type { CommonOptions, NodeOptions } from '../context.ts';
import type { ObjectWatch } from '../object-watch.ts';
import type { NodeRecord } from './device-mode.ts';

/** What the node service works with. */
export interface NodeContext extends CommonOptions, NodeOptions {
  readonly volumes: ObjectWatch<Volume>;
  readonly records: Records<NodeRecord>;
  /** One at a time for each volume. */
  readonly locks: KeyedLock;
  /** True if a kubelet calls, which lets a container only read a device that its pod has read-only. */
  readonly kubelet: boolean;
  /** Called with the record's name when an inline volume is wanted here. */
  readonly onInline: (name: string) => void;
}

/** Runs the work when it is the volume's turn; what its caller no longer waits for is not begun. */
export async function inTurn<T>(
  { locks }: Pick<NodeContext, 'locks'>,
  volume: string,
  signal: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  return locks.run(volume, async () => {
    signal.throwIfAborted();
    return work();
  });
}

/**
 * The Volume, and where the engine has it. Throws unless it is Ready and its bytes are on this node. The API is asked
 * only where what was last seen of it does not do: a volume that is ready here stays so until it goes.
 */
export async function findHere(
  { api, node, volumes: view }: Pick<NodeContext, 'api' | 'node' | 'volumes'>,
  doing: string,
  name: string,
): Promise<{ readonly volume: Volume; readonly ref: EngineRef }> {
  const seen = view.informer.get({ name });
  const volume = seen?.status?.phase === 'Ready' ? seen : await api.get(volumes, { name });
  if (!volume) return fail('not-found', `${doing}: there is no such volume`);
  const { phase, placement } = volume.status ?? {};
  if (phase !== 'Ready' || !placement) return fail('not-ready', `${doing}: it is not ready yet`);
  if (placement.node !== node) {
    fail('in-use', `${doing}: its bytes are on node ${placement.node}, and can't be reached from ${node}`);
  }
  return { volume, ref: { pool: placement.pool, name } };
}

/** Throws `invalid` if the volume is raw block and is asked for with a file system, or the other way round. */
export function checkMode(doing: string, mode: Volume['spec']['mode'], use: Use): void {
  if (mode === use.mode) return;
  fail(
    'invalid',
    `${doing}: it ${mode === 'Block' ? 'is raw block' : 'has a file system'}, and was asked for otherwise`,
  );
}

/** All mounts of a block device's file system, and of its device node. */
export async function mountsOf(device: string): Promise<readonly MountEntry[]> {
  const number = deviceNumber((await stat(device)).rdev);
  return (await readMounts()).filter((mount) => isMountOf(mount, { number, device }));
}

/** The mount of the device's file system at that path, if there is one. */
export async function mountedAt(device: string, path: string): Promise<MountEntry | undefined> {
  const wanted = await canonical(path);
  return (await mountsOf(device)).find(({ target }) => target === wanted);
}
