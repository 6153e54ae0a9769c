import { open, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fail, messageOf } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { probeWholly } from '../../node/filesystem/blank.ts';
import { growFilesystem, makeFilesystem, needsGrowth, smallestDevice } from '../../node/filesystem/filesystem.ts';
import { type Content, probeDevice } from '../../node/filesystem/probe.ts';
import { filesystemStatistics } from '../../node/filesystem/statistics.ts';
import { attachLoop, detachLoop, refreshLoop } from '../../node/loop.ts';
import { mountDevice, unmount } from '../../node/mount.ts';
import type { Marker } from '../shelves/marks/marker.ts';
import { wipeDisk } from './disk.ts';
import { allocate, setSize } from './space.ts';

/** The file that holds the XFS, in the pool's directory. */
export const imageName = 'pool.xfs';

/** The XFS that Moorage made for a pool, in a file or on a disk. */
export interface XfsStore {
  /** Where it is mounted. */
  readonly root: string;
  /** The image file, if it is in one. */
  readonly image?: string;
  readonly device: string;
}

export interface XfsWish {
  readonly pool: string;
  /** The pool's uid: the file system's UUID, which tells ours from any other. */
  readonly uid: string;
  readonly base: string;
  readonly marker: Marker;
  /** Called once the file system is whole, before it is used. */
  readonly onMade: () => Promise<void>;
  /** True if the device has just been found fit to become the pool. */
  readonly proven: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ImageWish extends XfsWish {
  /** Bytes, or undefined for 80 % of what is free. */
  readonly size: bigint | undefined;
  readonly preallocate: boolean;
}

const mebibyte = 1n << 20n;

/** Ensures the pool's image: file, loop device, XFS, mount. Goes on wherever an earlier try was cut off. */
export async function openImage(exec: Exec, wish: ImageWish): Promise<XfsStore> {
  const image = join(wish.base, imageName);
  await ensureImage(exec, image, wish);
  const device = await attachLoop(exec, image, { sectorSize: wish.marker.sectorSize });
  const root = await openXfs(exec, device, wish, wish.preallocate ? [] : ['discard']);
  const store = { root, image, device };
  await growImage(exec, store, wish);
  return store;
}

/** Ensures the XFS on a disk that was blank when it was given to the pool, and its mount. */
export async function openDisk(exec: Exec, device: string, wish: XfsWish): Promise<XfsStore> {
  const store = { root: await openXfs(exec, device, wish, []), device };
  if (await needsGrowth(device, 'xfs')) await growFilesystem(exec, { device, target: store.root, fsType: 'xfs' });
  return store;
}

/** Grows the image, and the file system in it, to the wished size; never shrinks it. */
export async function growImage(
  exec: Exec,
  store: XfsStore,
  wish: Pick<ImageWish, 'size' | 'preallocate'>,
): Promise<void> {
  const { image, device, root } = store;
  if (image === undefined) return;
  const present = await stat(image, { bigint: true });
  const size = wish.size !== undefined && wish.size > present.size ? wish.size : present.size;
  if (wish.preallocate && present.blocks * 512n < size) await allocate(exec, image, [{ offset: 0n, length: size }]);
  else if (size > present.size) await setSize(image, size);
  await refreshLoop(exec, device);
  // Also when an earlier try grew the file and no more.
  if (size > present.size || (await needsGrowth(device, 'xfs'))) {
    await growFilesystem(exec, { device, target: root, fsType: 'xfs' });
  }
}

/** Unmounts, and lets the loop device go. Throws `busy` while a volume is attached. */
export async function closeXfs(exec: Exec, store: XfsStore): Promise<void> {
  await unmount(exec, store.root);
  if (store.image !== undefined) await detachLoop(exec, store.image);
}

async function ensureImage(exec: Exec, image: string, wish: ImageWish): Promise<void> {
  const present = await stat(image).catch(() => undefined);
  if (wish.marker.made) {
    if (!present) fail('not-found', `pool ${wish.pool}: its image ${image} is gone; put it back, or delete the pool`);
    return;
  }
  const size = wish.size ?? (await defaultSize(dirname(image)));
  if (size < smallestDevice.xfs) {
    fail('exhausted', `pool ${wish.pool}: an XFS takes at least 300Mi, and ${size / mebibyte}Mi are to be had`);
  }
  if (!present) await (await open(image, 'wx', 0o600)).close();
  if (wish.preallocate) await allocate(exec, image, [{ offset: 0n, length: size }]);
  else if (!present || BigInt(present.size) < size) await setSize(image, size);
}

async function defaultSize(directory: string): Promise<bigint> {
  const { available } = await filesystemStatistics(directory);
  const size = (available * 8n) / 10n;
  return size - (size % mebibyte);
}

async function openXfs(exec: Exec, device: string, wish: XfsWish, options: readonly string[]): Promise<string> {
  const { pool, uid, marker, base } = wish;
  const content = await probeDevice(exec, device);
  const ours = content.kind === 'filesystem' && content.fsType === 'xfs' && content.uuid === uid;
  if (!ours && marker.made) failForeign(pool, device, content);
  if (!marker.made) {
    // It was blank, or given up, when we began: so a file system with our UUID is our own mkfs, cut off.
    if (!ours) await clear(exec, device, wish);
    const own = [
      ['-m', `reflink=1,uuid=${uid}`],
      ['-L', 'moorage'],
    ] as const;
    await makeFilesystem(exec, { device, fsType: 'xfs', own, force: ours || marker.wiped !== undefined });
    await wish.onMade();
  }
  const root = join(base, 'fs');
  await mountDevice(exec, { device, target: root, fsType: 'xfs', options }).catch((error: unknown) => {
    if (!/needs cleaning|bad superblock|Input\/output error/.test(messageOf(error))) throw error;
    const remedy = `nothing was changed; look at it with "xfs_repair -n ${device}"`;
    fail('corrupted', `pool ${pool}: its file system can't be mounted: ${messageOf(error)}; ${remedy}`, error);
  });
  return root;
}

/** Time has passed since the device was found blank, so it has to be so still; or it is wiped, if that was allowed. */
async function clear(exec: Exec, device: string, { pool, marker, proven, signal }: XfsWish): Promise<void> {
  if (marker.wiped !== undefined) return wipeDisk(exec, device, marker.wiped);
  if (proven) return;
  const content = await probeWholly(exec, device, signal);
  if (content.kind !== 'blank') failForeign(pool, device, content);
}

function failForeign(pool: string, device: string, content: Content): never {
  const what = content.kind === 'foreign' ? content.what : content.kind === 'blank' ? 'nothing' : content.fsType;
  return fail('in-use', `pool ${pool}: ${device} does not hold this pool but ${what}; nothing was changed there`);
}
