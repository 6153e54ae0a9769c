import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, open, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { silent } from '../../src/lib/log.ts';
import { allKinds, nodes } from '../../src/model/kinds/index.ts';

let dir: string;
/** What the killed process has acknowledged: the newest state of each name. */
const acknowledged = new Map<string, string>();

const openIn = (place: string, acceptVersion?: number) =>
  openEmbeddedApi({ file: join(dir, place, 'store.db'), log: silent, kinds: allKinds, acceptVersion });

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-damage-'));
  const said = join(dir, 'said');
  await using output = await open(said, 'w');
  const writer = spawn(
    process.execPath,
    [join(import.meta.dirname, 'store-writer.ts'), join(dir, 'killed/store.db'), '0'],
    { stdio: ['ignore', output.fd, 'inherit', 'pipe'] },
  );
  writer.stdio[3]?.once('data', () => setTimeout(() => writer.kill('SIGKILL'), 100));
  await once(writer, 'close');
  for (const line of (await readFile(said, 'utf8')).split('\n').slice(0, -1)) {
    const [name = '', count = 'deleted'] = line.slice(1).split(' ');
    acknowledged.set(name, count);
  }
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function flip(path: string, position: number): Promise<void> {
  await using file = await open(path, 'r+');
  const place = Math.floor(position * (await file.stat()).size);
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, place);
  await file.write(Buffer.from([(buffer[0] ?? 0) ^ 0x10]), 0, 1, place);
}

test('what a killed process has acknowledged is there', async () => {
  await cp(join(dir, 'killed'), join(dir, 'whole'), { recursive: true });
  await using api = await openIn('whole');
  expect(api.lastLoss).toBeUndefined();
  expect(acknowledged.size).toBeGreaterThan(10);
  for (const [name, count] of acknowledged) {
    const found = api.informer(nodes).get({ name });
    if (count === 'deleted') expect(found, name).toBeUndefined();
    else if (found) expect(Number(found.metadata.labels?.['count']), name).toBeGreaterThanOrEqual(Number(count));
    else expect(count, `${name} may only be gone if its deletion was next`).toBe('3');
  }
});

test.each<[string, (log: string) => Promise<void>]>([
  ['one bit in the middle is wrong', (log) => flip(log, 0.5)],
  ['its header is damaged', (log) => flip(log, 0)],
  ['it is cut to half', async (log) => truncate(log, Math.floor((await stat(log)).size / 2))],
  ['it is empty', (log) => truncate(log, 0)],
  ['it is gone', (log) => rm(log)],
])(
  'after a kill, and with its log damaged so that %s, the store is refused, and says what is missing',
  async (how, damage) => {
    await cp(join(dir, 'killed'), join(dir, how), { recursive: true });
    await damage(join(dir, how, 'store.db-wal'));
    const refusal = await openIn(how).then(
      () => expect.unreachable(),
      (error: Error) => error.message,
    );
    const [, version, first, last] =
      /it ends at version (\d+), and (?:(\d+) to )?(\d+) (?:is|are) missing.*--accept-store-version \1"/s.exec(
        refusal,
      ) ?? [];
    expect(Number(first ?? last), refusal).toBe(Number(version) + 1);
    await using api = await openIn(how, Number(version));
    expect(Number(api.resourceVersion)).toBeGreaterThanOrEqual(Number(last));
  },
);
