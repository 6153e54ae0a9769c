import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { sectorSizeOf } from '../../node/filesystem/statistics.ts';
import { detachDevice, listLoops } from '../../node/loop.ts';
import { deviceNumber } from '../../node/mount.ts';
import type { Engine, EngineOptions } from '../engine.ts';
import { type Decision, type NewPlace, type PoolPlace, type ShelfBackend, shelvesOf } from '../shelves/backend.ts';
import { openShelfEngine } from '../shelves/engine.ts';
import type { Marker } from '../shelves/marks/marker.ts';
import { plainStore } from '../shelves/plain-store.ts';
import { findAttachments } from './attachments.ts';
import { chooseLayout, type Layout, probeReflink, whyNoLoop } from './choose-layout.ts';
import { takeOffDead } from './dead-filesystem.ts';
import { directoryContent } from './directory-content.ts';
import { checkDisk } from './disk.ts';
import { imageContent } from './image-content.ts';
import { sizeOf, xfsStore } from './stores.ts';
import { imageName, openDisk, openImage } from './xfs-store.ts';

/** The engine on this machine's own disks: volumes are files behind loop devices, or directories. */
export function openLocalEngine(options: EngineOptions): Engine {
  const { exec } = options;
  const backend: ShelfBackend = {
    engine: 'local',
    decide: (place) => decide(exec, place),
    isBegun: async (base, marker) => layoutOf(marker, base) === 'disk' || (await readdir(base)).includes(imageName),
    open,
    attachments: (pools) => findAttachments(exec, pools),
    release: ({ device }) => detachDevice(exec, device),
    trace: async (name) =>
      listLoops().find(({ file }) => file.split('/').at(-2) === name && file.split('/').at(-3) === 'volumes')?.device,
  };
  return openShelfEngine(backend, options);
}

async function decide(exec: Exec, { base, disk, wish, signal }: NewPlace): Promise<Decision> {
  const noLoop = await whyNoLoop(exec);
  const reflink = disk === undefined && noLoop === undefined && (await probeReflink(base));
  const choice = chooseLayout({ backend: wish.spec.backend, disk: disk !== undefined, noLoop, reflink });
  const wiped = disk === undefined ? undefined : await checkDisk(exec, disk, wish, signal);
  const device = disk === undefined ? (await stat(base)).dev : (await stat(disk)).rdev;
  const sectorSize = await sectorSizeOf(deviceNumber(device));
  const made = choice.layout === 'reflink' || choice.layout === 'directory';
  return { ...choice, sectorSize, made, ...(wiped !== undefined && { wiped }) };
}

async function open({ exec, log, wish, base, given, marker, proven, onMade, signal }: PoolPlace) {
  const layout = layoutOf(marker, base);
  if (layout === 'directory') return { store: plainStore(base), content: directoryContent(exec) };
  const root = join(base, 'fs');
  if (layout === 'reflink') return { store: plainStore(root), content: imageContent(exec, marker.sectorSize) };
  const { pool, uid, filesystem } = marker;
  const shelves = shelvesOf(pool, root);
  if (await takeOffDead(exec, root, shelves)) log.warn({ pool }, 'its file system had shut down; taken off');
  const xfsWish = { pool, uid: filesystem ?? uid, base, marker, onMade, proven, signal };
  const xfs =
    layout === 'image' ? await openImage(exec, { ...xfsWish, ...sizeOf(wish) }) : await openDisk(exec, given, xfsWish);
  return { store: xfsStore(exec, xfs, base), content: imageContent(exec, marker.sectorSize, xfs.image) };
}

const layouts: readonly Layout[] = ['image', 'disk', 'reflink', 'directory'];

function layoutOf({ layout, pool }: Marker, base: string): Layout {
  const known = layouts.find((it) => it === layout);
  return known ?? fail('corrupted', `pool ${pool}: ${base} is damaged or of a newer Moorage; nothing was changed`);
}
