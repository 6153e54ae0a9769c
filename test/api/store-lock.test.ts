import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { silent } from '../../src/lib/log.ts';
import { allKinds } from '../../src/model/kinds/index.ts';

test('a store that another process has is refused with its pid, and free as soon as that process is killed', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'moorage-lock-'));
  const file = join(dir, 'store.db');
  const open = () => openEmbeddedApi({ file, log: silent, kinds: allKinds });
  const writer = spawn(process.execPath, [join(import.meta.dirname, 'store-writer.ts'), file, '0'], {
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  try {
    await new Promise((begun) => writer.stdio[3]?.once('data', begun));
    await expect(open()).rejects.toMatchObject({
      code: 'busy',
      message: expect.stringContaining(`another moorage up (pid ${writer.pid}) uses ${dir}`),
    });
    writer.kill('SIGKILL');
    await using _api = await open();
  } finally {
    writer.kill('SIGKILL');
    await rm(dir, { recursive: true, force: true });
  }
});
