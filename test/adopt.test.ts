import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leftovers } from './support/leftovers.ts';
import { Program, root } from './support/program.ts';

const classes = join(root, 'examples/01-storage-class.yaml');

function claim(name: string, more: object = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'standard',
      resources: { requests: { storage: '32Mi' } },
      ...more,
    },
  });
}

describe.skipIf(process.getuid?.() !== 0)('a pool whose objects were lost with their store', () => {
  let scratch: string;
  let first: Program;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'moorage-adopt-'));
    first = new Program({ data: join(scratch, 'first') });
    await first.start();
    await first.kubectl(['apply', '-f', classes]);
    for (const it of [claim('files'), claim('disk', { volumeMode: 'Block' })]) {
      await first.kubectl(['apply', '-f', '-'], { input: it });
    }
    for (const name of ['files', 'disk']) await first.until(`pvc/${name}`, '.status.phase', 'Bound');
    await first.run('mount', 'files', join(scratch, 'files'));
    await writeFile(join(scratch, 'files/kept'), 'of files');
    await first.run('umount', join(scratch, 'files'));
    await first.run('mount', 'disk', join(scratch, 'disk'));
    await writeFile(join(scratch, 'disk'), 'of disk');
    await first.run('umount', join(scratch, 'disk'));
    await first.run('snapshot', 'files', 'before');
    await first.end('SIGTERM');
  }, 120_000);
  afterAll(async () => {
    await first.end('SIGTERM');
    expect(await leftovers(scratch)).toEqual([]);
    await rm(scratch, { recursive: true, force: true });
  });

  test('is adopted by one command, and claims that are made again have their data', async () => {
    await mkdir(join(scratch, 'away'));
    for (const file of ['store.db', 'store.db-wal', 'store.db-witness']) {
      await rename(join(first.data, file), join(scratch, 'away', file)).catch(() => {});
    }
    await first.start();
    await first.kubectl(['apply', '-f', classes]);
    await first.until('pool/default', '.status.phase', 'Failed');
    expect((await first.run('status')).stdout).toContain('take it over with all that is in it: moorage adopt');
    expect((await first.run('adopt')).stdout).toMatch(/^default +\S+\/pools\/default +2 +1 +2$/m);

    const snapshot = JSON.parse(await first.kubectl(['get', 'snapshots.moorage.dev', '-o', 'json']));
    expect(snapshot.items).toMatchObject([{ status: { phase: 'Ready' } }]);
    await first.kubectl(['apply', '-f', '-'], { input: claim('files') });
    await first.kubectl(['apply', '-f', '-'], { input: claim('disk', { volumeMode: 'Block' }) });
    for (const name of ['files', 'disk']) await first.until(`pvc/${name}`, '.status.phase', 'Bound');
    await first.run('mount', 'files', join(scratch, 'files'));
    expect(await readFile(join(scratch, 'files/kept'), 'utf8')).toBe('of files');
    await first.run('mount', 'disk', join(scratch, 'disk'));
    expect((await stat(join(scratch, 'disk'))).isBlockDevice()).toBe(true);
    expect((await readFile(join(scratch, 'disk'))).subarray(0, 7).toString()).toBe('of disk');
    for (const name of ['files', 'disk']) await first.run('umount', join(scratch, name));
    expect((await first.run('inventory')).stdout).toContain('No difference');
    // Once more changes nothing, and what goes now goes whole.
    expect((await first.run('adopt')).stdout).toMatch(/^default +\S+\/pools\/default +2 +1 +2$/m);
  });

  test('is adopted elsewhere too, but not from a Moorage that runs', async () => {
    const other = new Program({ data: join(scratch, 'other') });
    await other.start();
    try {
      const path = join(first.data, 'pools/default');
      await expect(other.run('adopt', path)).rejects.toThrow(
        /is of a Moorage that runs, as process \d+: stop that first/,
      );
      await expect(other.run('adopt', scratch)).rejects.toThrow('has no mark of a pool');
      await first.end('SIGTERM');
      // Its name is taken there.
      await expect(other.run('adopt', path)).rejects.toThrow('there is a pool default elsewhere');
      await other.kubectl(['delete', 'pool', 'default']);
      expect((await other.run('adopt', path)).stdout).toMatch(/^default +\S+\/first\/pools\/default +2 +1 +2$/m);
      expect((await other.run('inventory')).stdout).toContain('No difference');
    } finally {
      await other.end('SIGTERM');
    }
  });
});
