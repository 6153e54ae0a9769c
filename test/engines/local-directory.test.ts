import { chown, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engines } from '../../src/engines/engine.ts';
import { openEngines } from '../../src/engines/engines.ts';
import { exec } from '../../src/lib/exec.ts';
import { silent } from '../../src/lib/log.ts';
import { bindMount, unmount } from '../../src/node/mount.ts';
import { makeScratch, poolOf } from './local-scratch.ts';

let scratch: Awaited<ReturnType<typeof makeScratch>>;
let engine: Engines;
const pool = poolOf('p', { backend: 'directory' });
const ref = (name: string) => ({ pool: 'p', name });
const wish = (name: string) => ({ ...ref(name), uid: `uid-${name}`, size: 1n << 30n, provisioning: 'thin' as const });

async function directoryOf(name: string): Promise<string> {
  const attached = await engine.node.attach(ref(name), { readOnly: false });
  expect(attached.kind).toBe('directory');
  return attached.path;
}

describe('the local engine, directory backend', () => {
  beforeEach(async () => {
    scratch = await makeScratch();
    engine = openEngines({ dataDir: scratch.path, exec, log: silent });
    await engine.pools.open(pool);
  });
  afterEach(() => scratch[Symbol.asyncDispose]());

  test('a volume is a directory, a snapshot a copy of it, and each stands alone', async () => {
    expect((await engine.pools.open(pool)).features).toMatchObject({ block: false, sizeEnforced: false });
    await engine.volumes.create(wish('a'));
    const path = await directoryOf('a');
    await writeFile(join(path, 'file'), 'before');
    await engine.volumes.snapshot({ ...ref('s'), uid: 'uid-s', volume: 'a' });
    await writeFile(join(path, 'file'), 'after');
    await engine.volumes.create({ ...wish('b'), source: { kind: 'snapshot', name: 's' } });
    await engine.volumes.create({ ...wish('c'), source: { kind: 'volume', name: 'a' } });
    expect(await readFile(join(await directoryOf('b'), 'file'), 'utf8')).toBe('before');
    expect(await readFile(join(await directoryOf('c'), 'file'), 'utf8')).toBe('after');
    expect((await engine.volumes.expand(ref('a'), 2n << 30n)).size).toBe(2n << 30n);
    await engine.volumes.delete(ref('a'));
    await engine.volumes.deleteSnapshot(ref('s'));
    expect(await readFile(join(await directoryOf('b'), 'file'), 'utf8')).toBe('before');
  });

  test('a pool made of directories stays one, whoever opens it', async () => {
    const again = openEngines({ dataDir: scratch.path, exec, log: silent });
    const opened = await again.pools.open({ ...pool, spec: { ...pool.spec, backend: 'auto' } });
    expect(opened.backend).toBe('directory');
  });

  test.runIf(process.getuid?.() === 0)(
    'a mounted volume is not deleted, nor what is mounted inside of one',
    async () => {
      await engine.volumes.create(wish('a'));
      const path = await directoryOf('a');
      const target = join(scratch.path, 'target');
      await bindMount(exec, path, target);
      await expect(engine.volumes.delete(ref('a'))).rejects.toMatchObject({ code: 'in-use' });
      await unmount(exec, target);
      const theirs = join(scratch.path, 'theirs');
      await mkdir(theirs);
      await writeFile(join(theirs, 'photo.jpg'), 'theirs');
      await bindMount(exec, theirs, join(path, 'inside'));
      await expect(engine.volumes.delete(ref('a'))).rejects.toMatchObject({ code: 'in-use' });
      await unmount(exec, join(path, 'inside'));
      await engine.volumes.delete(ref('a'));
      expect(await readFile(join(theirs, 'photo.jpg'), 'utf8')).toBe('theirs');
    },
  );

  test.runIf(process.getuid?.() === 0)('an ordinary user gets directories, and is told why', async () => {
    const dataDir = join(scratch.path, 'data');
    await mkdir(dataDir);
    await chown(scratch.path, 65534, 65534);
    await chown(dataDir, 65534, 65534);
    const engineFile = join(import.meta.dirname, '../../src/engines/engines.ts');
    const execFile = join(import.meta.dirname, '../../src/lib/exec.ts');
    const logFile = join(import.meta.dirname, '../../src/lib/log.ts');
    const program = `
      const { openEngines } = await import(${JSON.stringify(engineFile)});
      const { exec } = await import(${JSON.stringify(execFile)});
      const { silent } = await import(${JSON.stringify(logFile)});
      const engine = openEngines({ dataDir: ${JSON.stringify(dataDir)}, exec, log: silent });
      const pool = (backend) => (${JSON.stringify(poolOf('q'))});
      const opened = await engine.pools.open(pool());
      const ref = { pool: 'q', name: 'a' };
      await engine.volumes.create({ ...ref, uid: 'u', size: 1n << 30n, provisioning: 'thin' });
      await engine.volumes.snapshot({ pool: 'q', name: 's', uid: 'v', volume: 'a' });
      const attached = await engine.node.attach(ref, { readOnly: false });
      await engine.volumes.delete(ref);
      const image = ${JSON.stringify(poolOf('r', { backend: 'image' }))};
      const refused = await engine.pools.open(image).catch((error) => error.code);
      console.log(JSON.stringify({ backend: opened.backend, why: opened.why, kind: attached.kind, refused, block: opened.features.block }));
    `;
    const user = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] as const;
    const { stdout } = await exec([...user, process.execPath, '--input-type=module', '--eval', program], {
      env: { HOME: scratch.path },
    });
    expect(JSON.parse(stdout)).toEqual({
      backend: 'directory',
      why: expect.stringContaining('ordinary user'),
      kind: 'directory',
      refused: 'permission',
      block: false,
    });
    await rm(dataDir, { recursive: true });
  });
});
