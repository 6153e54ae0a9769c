import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engines } from '../../src/engines/engine.ts';
import { openEngines } from '../../src/engines/engines.ts';
import { exec } from '../../src/lib/exec.ts';
import { silent } from '../../src/lib/log.ts';
import { makeScratch, poolOf } from './local-scratch.ts';

const size = 1n << 20n;
const wish = (name: string) => ({ pool: 'p', name, uid: `uid-${name}`, size, provisioning: 'thin' as const });

describe.runIf(process.getuid?.() === 0)('a file system that has no space left', () => {
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let engine: Engines;
  let full: string;
  beforeEach(async () => {
    scratch = await makeScratch();
    const path = join(scratch.path, 'small');
    await mkdir(path);
    await exec(['mount', '-t', 'tmpfs', '-o', 'size=256k', 'small', path]);
    engine = openEngines({ dataDir: join(scratch.path, 'data'), exec, log: silent });
    await engine.pools.open(poolOf('p', { backend: 'directory', path: join(path, 'pool') }));
    await engine.volumes.create(wish('source'));
    const attached = await engine.node.attach({ pool: 'p', name: 'source' }, { readOnly: false });
    await writeFile(join(attached.path, 'file'), Buffer.alloc(64 << 10));
    full = join(path, 'full');
    await writeFile(full, Buffer.alloc(1 << 20)).catch(() => {});
  });
  afterEach(() => scratch[Symbol.asyncDispose]());

  const exhausted = { code: 'exhausted', message: expect.stringContaining('the pool is full') };

  test('makes a new volume, a copy and a snapshot fail as exhausted, which leaves nothing and is mended by space', async () => {
    const copy = { ...wish('copy'), source: { kind: 'volume', name: 'source' } } as const;
    const snapshot = { pool: 'p', name: 'snapshot', uid: 'uid-snapshot', volume: 'source' };
    await expect(engine.volumes.create(wish('new'))).rejects.toMatchObject(exhausted);
    await expect(engine.volumes.create(copy)).rejects.toMatchObject(exhausted);
    await expect(engine.volumes.snapshot(snapshot)).rejects.toMatchObject(exhausted);
    expect((await engine.volumes.list('p')).map(({ name }) => name)).toEqual(['source']);
    await rm(full);
    for (const it of [wish('new'), copy]) await engine.volumes.create(it);
    await engine.volumes.snapshot(snapshot);
    expect((await engine.volumes.list('p')).map(({ name }) => name).toSorted()).toEqual([
      'copy',
      'new',
      'snapshot',
      'source',
    ]);
  });
});
