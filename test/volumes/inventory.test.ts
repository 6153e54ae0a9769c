import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Inventory, inventories, pools, volumes } from '../../src/model/kinds/moorage.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { openRig, pool, type Rig, readyPool, readyVolume, until, volume } from './volumes-rig.ts';

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
});
