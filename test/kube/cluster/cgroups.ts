import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOfSystem } from './system-error.ts';
import { until } from './wait.ts';

const root = '/sys/fs/cgroup';

/** True where the kernel's controllers are mounted one by one, as cgroup v1 has it. */
export const isCgroupV1 = !existsSync(join(root, 'cgroup.controllers'));

/** Makes a control group below every controller, such as `/moorage-k0/n1`, so that a kubelet can have it as its root. */
export async function makeCgroup(path: string): Promise<void> {
  for (const hierarchy of await hierarchies()) {
    let folder = hierarchy;
    for (const part of path.split('/').filter(Boolean)) {
      const parent = folder;
      folder = join(folder, part);
      await mkdir(folder, { recursive: true });
      // A group of cpuset takes no process before it is told which it has.
      for (const file of ['cpuset.cpus', 'cpuset.mems']) {
        if (isCgroupV1 && existsSync(join(parent, file))) {
          await writeFile(join(folder, file), await readFile(join(parent, file), 'utf8'));
        }
      }
    }
  }
}

/** Takes a control group away with all that are below it. Its processes have to be gone, or on their way. */
export async function removeCgroup(path: string): Promise<void> {
  for (const hierarchy of await hierarchies()) await removeTree(join(hierarchy, path));
}

async function removeTree(folder: string): Promise<void> {
  if (!existsSync(folder)) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  }
  await until(`the control group ${folder} is gone`, 20, async () => {
    await rmdir(folder).catch((error: unknown) => {
      if (codeOfSystem(error) !== 'ENOENT') throw error;
    });
    return true;
  });
}

async function hierarchies(): Promise<string[]> {
  if (!isCgroupV1) return [root];
  const entries = await readdir(root, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(root, name));
}
