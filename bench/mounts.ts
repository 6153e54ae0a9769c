import type { Stage } from './stage.ts';

/** Milliseconds from the creation of a Mount to Mounted, seen by a watch. */
export interface MountTimes {
  readonly first: readonly number[];
  readonly formatted: readonly number[];
}

/** Mounts so many claims for the first time, and each once more when it has a file system. */
export async function mounts(stage: Stage, count: number): Promise<MountTimes> {
  const first: number[] = [];
  const formatted: number[] = [];
  for (let index = 0; index < count; index++) {
    const name = `mounted-${index}`;
    await stage.bind({ name, storageClassName: 'default', size: '256Mi' });
    first.push((await stage.mount(name)).ms);
    await stage.unmount(name);
    formatted.push((await stage.mount(name)).ms);
    await stage.unmount(name);
  }
  return { first, formatted };
}
