import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exec } from '../../src/lib/exec.ts';
import { pools, volumes } from '../../src/model/kinds/moorage.ts';
import { bytesOf } from '../../src/model/quantity.ts';
import { letGo, makeScratch } from '../engines/local-scratch.ts';
import { isReady, openRig, pool, type Rig, readyPool, readyVolume, until, volume } from './volumes-rig.ts';

describe.runIf(process.getuid?.() === 0)('pools on one file system', () => {
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let rig: Rig;
  let disk: string;
  beforeEach(async () => {
    scratch = await makeScratch();
    disk = join(scratch.path, 'disk');
    await mkdir(disk);
    await exec(['truncate', '--size', '2G', `${disk}.img`]);
    await exec(['mkfs.ext4', '-q', '-m', '0', '-E', 'nodiscard', `${disk}.img`]);
    await exec(['mount', '-o', 'loop', `${disk}.img`, disk]);
    rig = await openRig(join(scratch.path, 'data'));
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    await letGo(scratch.path);
    await scratch[Symbol.asyncDispose]();
  });
  const figures = async (name: string) => (await rig.api.get(pools, { name }))?.status?.nodes?.[0];
  const make = (name: string, of: string, size: string) => rig.api.create(volumes, volume(name, { pool: of, size }));

  test.each([
    ['image', 'image'],
    ['image', 'directory'],
    ['directory', 'image'],
    ['directory', 'directory'],
  ] as const)('promise the same bytes once: %s and %s', async (one, other) => {
    await rig.api.create(pools, pool('one', { path: join(disk, 'one'), backend: one }));
    await readyPool(rig.api, 'one');
    await rig.api.create(pools, pool('other', { path: join(disk, 'other'), backend: other }));
    await readyPool(rig.api, 'other');
    await make('first', 'one', '1200Mi');
    await readyVolume(rig.api, 'first');
    await expect.poll(async () => bytesOf((await figures('other'))?.shared ?? '0') >> 20n).toBeGreaterThan(1000n);
    await make('second', 'other', '1000Mi');
    const refused = await until(rig.api, volumes, 'second', (it) => (it?.status?.refusals ?? []).length > 0);
    expect(refused?.status?.refusals).toMatchObject([{ pool: 'other', reason: 'PoolFull' }]);
    await make('third', 'other', '150Mi');
    await readyVolume(rig.api, 'third');
    // What the one no longer promises, the other can: by an event, not by a look.
    await rig.api.delete(volumes, { name: 'first' });
    await until(rig.api, volumes, 'second', isReady);
  });

  test('count what a pool that promises several times its room has to keep for it at most', async () => {
    await rig.api.create(pools, pool('scratch', { path: join(disk, 'one'), overProvisioning: 10 }));
    await readyPool(rig.api, 'scratch');
    await rig.api.create(pools, pool('plain', { path: join(disk, 'other') }));
    await readyPool(rig.api, 'plain');
    await make('first', 'scratch', '5Gi');
    await readyVolume(rig.api, 'first');
    await make('second', 'plain', '500Mi');
    await readyVolume(rig.api, 'second');
  });

  test('are not one inside the other', async () => {
    await rig.api.create(pools, pool('outer', { path: join(disk, 'outer') }));
    await readyPool(rig.api, 'outer');
    const path = join(disk, 'outer/fs/inner');
    await rig.api.create(pools, pool('inner', { path }));
    const failed = await until(rig.api, pools, 'inner', (it) => it?.status?.phase === 'Failed');
    expect(failed?.status?.conditions).toMatchObject([
      {
        type: 'Ready',
        message: `${path} is inside of pool outer (${join(disk, 'outer')}); choose a directory outside of it`,
      },
    ]);
  });
});
