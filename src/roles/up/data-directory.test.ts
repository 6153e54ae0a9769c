import { chmod, chown, lchown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ensureDataDirectory } from './data-directory.ts';

let parent: string;
let dir: string;
const stranger = 65_534;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'moorage-data-directory-'));
  dir = join(parent, 'data');
});
afterEach(() => rm(parent, { recursive: true, force: true }));

test("a new directory is its owner's alone, and taken again", async () => {
  await ensureDataDirectory(dir);
  await writeFile(join(dir, 'store.db'), '', { mode: 0o600 });
  await ensureDataDirectory(dir);
});

test.each(['store.db', 'store.db-wal', 'kubeconfig', 'pki/server.pem'])(
  'a %s that others can read is refused with the command to run',
  async (name) => {
    await ensureDataDirectory(dir);
    await mkdir(join(dir, 'pki'), { mode: 0o700 });
    await writeFile(join(dir, name), '');
    await chmod(join(dir, name), 0o644);
    await expect(ensureDataDirectory(dir)).rejects.toMatchObject({
      code: 'permission',
      message: expect.stringContaining(`chmod go= ${join(dir, name)}`),
    });
  },
);

test.runIf(process.getuid?.() === 0).each(['.', 'store.db', 'kubeconfig', 'pki', 'pki/authority.pem', 'run', 'pools'])(
  'root leaves alone what belongs to another user: %s',
  async (name) => {
    await mkdir(join(dir, 'pki'), { recursive: true, mode: 0o700 });
    await chmod(dir, 0o700);
    for (const it of ['run', 'pools']) await mkdir(join(dir, it), { mode: 0o700 });
    for (const it of ['store.db', 'kubeconfig', 'pki/authority.pem'])
      await writeFile(join(dir, it), '', { mode: 0o600 });
    await (name === '.' ? chown : lchown)(join(dir, name), stranger, stranger);
    const before = await readdir(dir);
    await expect(ensureDataDirectory(dir)).rejects.toMatchObject({
      code: 'permission',
      message: expect.stringMatching(
        `belongs to another user .uid ${stranger}.*run Moorage as that user.*chown -R root:`,
      ),
    });
    expect(await readdir(dir)).toEqual(before);
  },
);
