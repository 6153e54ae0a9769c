import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { silent } from '../../src/lib/log.ts';
import { allKinds, nodes } from '../../src/model/kinds/index.ts';

const kills = 25;

test(`after each of ${kills} kill -9 during writes, every acknowledged write is there`, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'moorage-kill-'));
  const file = join(dir, 'store.db');
  const acknowledged = new Map<string, number | 'deleted'>();
  let newest = 0;
  try {
    for (let round = 0; round < kills; round += 1) {
      for (const line of await writeAndKill(file, round)) {
        const [name = '', count] = line.slice(1).split(' ');
        acknowledged.set(name, line.startsWith('+') ? Number(count) : 'deleted');
      }
      await using api = await openEmbeddedApi({ file, log: silent, kinds: allKinds });
      const informer = api.informer(nodes);
      for (const [name, wanted] of acknowledged) {
        const node = informer.get({ name });
        // What was on its way may be there too: each worker writes one thing after the other.
        if (wanted === 'deleted') expect(node, name).toBeUndefined();
        else if (node) expect(Number(node.metadata.labels?.['count']), name).toBeGreaterThanOrEqual(wanted);
        else expect(wanted, `${name} is gone`).toBe(3);
        if (node === undefined) acknowledged.set(name, 'deleted');
      }
      expect(Number(api.resourceVersion)).toBeGreaterThan(newest);
      newest = Number(api.resourceVersion);
      for (const { metadata } of informer.list()) {
        expect(Number(metadata.resourceVersion)).toBeLessThanOrEqual(newest);
      }
    }
    expect(acknowledged.size).toBeGreaterThan(kills * 10);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

/**
 * Lets a writer write for a while, kills it, and returns the whole lines that it had said. It says them to a file: what
 * a full pipe holds back would die with it, and be missed here.
 */
async function writeAndKill(file: string, round: number): Promise<string[]> {
  const said = `${file}.said`;
  await using output = await open(said, 'w');
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'store-writer.ts'), file, String(round)], {
    stdio: ['ignore', output.fd, 'inherit', 'pipe'],
  });
  writer.stdio[3]?.once('data', () => setTimeout(() => writer.kill('SIGKILL'), 20 + Math.random() * 60));
  await once(writer, 'close');
  expect(writer.signalCode).toBe('SIGKILL');
  return (await readFile(said, 'utf8')).split('\n').slice(0, -1);
}
