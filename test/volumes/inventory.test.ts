import { mkdir, rename, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { timestamp } from '../../src/lib/clock.ts';
import { persistentVolumes } from '../../src/model/kinds/index.ts';
import { type Inventory, inventories, pools, snapshots, volumes } from '../../src/model/kinds/moorage.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import {
  openRig,
  pool,
  type Rig,
  readyPool,
  readySnapshot,
  readyVolume,
  snapshot,
  until,
  volume,
} from './volumes-rig.ts';

let scratch: Awaited<ReturnType<typeof makeScratch>>;
let rig: Rig;

/** What an Inventory says, as "Kind what name: action". */
async function inventory(name: string, spec: Inventory['spec'] = {}): Promise<string[]> {
  await rig.api.create(inventories, {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Inventory',
    metadata: { name },
    spec,
  });
  const done = await until(rig.api, inventories, name, (it) => it?.status?.phase === 'Completed');
  return (done.status?.differences ?? []).map((it) => `${it.kind} ${it.what} ${it.name}: ${it.action ?? ''}`);
}

describe.runIf(process.getuid?.() === 0)('inventory', () => {
  beforeEach(async () => {
    scratch = await makeScratch();
    rig = await openRig(scratch.path);
    await rig.api.create(pools, pool('default', { size: '1Gi' }));
    await readyPool(rig.api, 'default');
    await rig.api.create(volumes, volume('a'));
    await readyVolume(rig.api, 'a');
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  test('nothing to say when everything agrees', async () => {
    expect(await inventory('i', { clean: true, graceSeconds: 0 })).toEqual([]);
  });

  test('a leak is named, kept for its grace period, and removed only when asked for', async () => {
    const leak = { pool: 'default', name: 'leak', uid: 'u', size: 64n << 20n, provisioning: 'thin' } as const;
    await rig.engine.volumes.create(leak);
    await rig.engine.node.attach(leak, { readOnly: false });
    await mkdir(join(scratch.path, 'pools/default/fs/volumes/theirs'));
    const foreign = 'Foreign File theirs: ';
    const loop = expect.stringMatching(/^Leak LoopDevice \/dev\/loop\d+: $/);
    expect((await inventory('look')).toSorted()).toEqual([foreign, loop, 'Leak Volume leak: ']);
    const kept = await inventory('later', { clean: true });
    expect(kept).toContainEqual(expect.stringMatching(/^Leak Volume leak: kept: it may be removed in 3\d\d\d s/));
    const cleaned = await inventory('now', { clean: true, graceSeconds: 0 });
    expect(cleaned).toContain('Leak Volume leak: removed');
    expect(await inventory('after')).toEqual([foreign]);
    expect(await rig.engine.volumes.get('volume', { pool: 'default', name: 'a' })).toBeDefined();
  });

  test('a loss is named', async () => {
    await rm(join(scratch.path, 'pools/default/fs/volumes/a'), { recursive: true });
    expect(await inventory('i', { clean: true, graceSeconds: 0 })).toEqual(['Loss Volume a: ']);
  });

  test('bytes that are cut short, missing or out of reach are a loss, in a pool that can be looked into', async () => {
    for (const name of ['b', 'c']) {
      await rig.api.create(volumes, volume(name));
      await readyVolume(rig.api, name);
    }
    await rig.api.create(snapshots, snapshot('s', 'a'));
    await readySnapshot(rig.api, 's');
    const shelves = join(scratch.path, 'pools/default/fs');
    await truncate(join(shelves, 'volumes/a/data'), 4096);
    await rm(join(shelves, 'volumes/b/data'));
    await rm(join(shelves, 'snapshots/s/data'));
    const lost = ['Loss Snapshot s: ', 'Loss Volume a: ', 'Loss Volume b: '];
    expect((await inventory('i', { clean: true, graceSeconds: 0 })).toSorted()).toEqual(lost);
    await rename(join(shelves, 'snapshots'), join(shelves, 'aside'));
    expect(await inventory('j')).toContain('Mismatch Pool default: ');
    await rename(join(shelves, 'aside'), join(shelves, 'snapshots'));
  });

  test('what is said to be attached, and is not, is named; and what stands for a Volume that is gone', async () => {
    const a = await readyVolume(rig.api, 'a');
    const attachments = [{ node: 'here', mode: 'ReadWrite' as const, since: timestamp() }];
    await rig.api.updateStatus(volumes, { ...a, status: { ...a.status, attachments } });
    const spec = {
      capacity: { storage: '64Mi' },
      accessModes: ['ReadWriteOnce' as const],
      persistentVolumeReclaimPolicy: 'Delete' as const,
      csi: { driver: 'csi.moorage.dev', volumeHandle: 'never' },
    };
    await rig.api.create(persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv' },
      spec,
    });
    expect(await inventory('i')).toEqual(['Mismatch Volume a: ', 'Loss PersistentVolume pv: ']);
  });

  test('bytes that a PersistentVolume stands for are not cleaned, though their Volume is gone', async () => {
    const spec = {
      capacity: { storage: '64Mi' },
      accessModes: ['ReadWriteOnce' as const],
      persistentVolumeReclaimPolicy: 'Delete' as const,
      csi: { driver: 'csi.moorage.dev', volumeHandle: 'a' },
    };
    await rig.api.create(persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'pv' },
      spec,
    });
    await rig.api.patch(volumes, { name: 'a' }, { type: 'merge', body: { metadata: { finalizers: null } } });
    await rig.api.delete(volumes, { name: 'a' });
    const found = ['Leak Volume a: ', 'Loss PersistentVolume pv: '];
    expect(await inventory('i', { clean: true, graceSeconds: 0 })).toEqual(found);
    expect(await rig.engine.volumes.get('volume', { pool: 'default', name: 'a' })).toBeDefined();
  });
});
