import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '../../src/lib/exec.ts';
import type { Pool } from '../../src/model/kinds/moorage.ts';
import { detachDevice, listLoops } from '../../src/node/loop.ts';
import { unmount } from '../../src/node/mount.ts';
import { readMounts } from '../../src/node/mountinfo.ts';
import { leftovers } from '../support/leftovers.ts';

/** A directory for one test; whatever is mounted or attached below it goes with it. */
export async function makeScratch(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'moorage-local-'));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await letGo(path);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Unmounts and detaches all below a directory; what depends on something else may take another round. */
export async function letGo(directory: string): Promise<void> {
  const inside = (path: string) => path.startsWith(`${directory}/`);
  for (let round = 0; round < 4; round++) {
    for (const { target } of (await readMounts()).toReversed()) {
      if (inside(target)) await unmount(exec, target).catch(() => {});
    }
    for (const { device, file } of listLoops()) if (inside(file)) await detachDevice(exec, device).catch(() => {});
  }
  const left = (await leftovers(directory)).filter((it) => !it.endsWith(` ${directory}`));
  if (left.length > 0) throw new Error(`still there: ${left.join(', ')}`);
}

/** A Pool object. */
export function poolOf(name: string, spec: Partial<Pool['spec']> = {}): Pool {
  return {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Pool',
    metadata: { name, uid: randomUUID() },
    spec: { engine: 'local', backend: 'auto', preallocate: false, overProvisioning: 1, ...spec },
  };
}
