import { readdir, readFile, readlink } from 'node:fs/promises';

/** A process that keeps something from being let go. */
export interface Holder {
  readonly pid: number;
  readonly command: string;
  /** How it holds on: `cwd`, `root`, `exe` or `fd/7`. */
  readonly by: string;
}

const inBatches = 64;

/**
 * Who has the path, or something below it, open or as its working directory: as far as /proc tells, and at most five.
 * Slow (it looks at every process): only for saying why something is busy.
 */
export async function holdersOf(path: string): Promise<readonly Holder[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: Holder[] = [];
  for (let at = 0; at < pids.length && found.length < 5; at += inBatches) {
    const batch = await Promise.all(pids.slice(at, at + inBatches).map((pid) => holds(pid, path)));
    found.push(...batch.flatMap((holder) => holder ?? []));
  }
  return found.slice(0, 5);
}

async function holds(pid: number, path: string): Promise<Holder | undefined> {
  const directory = `/proc/${pid}`;
  const fds = await readdir(`${directory}/fd`).catch(() => []);
  for (const by of ['cwd', 'root', 'exe', ...fds.map((fd) => `fd/${fd}`)]) {
    const link = await readlink(`${directory}/${by}`).catch(() => '');
    if (link !== path && !link.startsWith(`${path}/`)) continue;
    const command = (await readFile(`${directory}/comm`, 'utf8').catch(() => '?')).trim();
    return { pid, command, by };
  }
  return undefined;
}

/** For the end of a message: ` (held by postgres, process 4711)`, or nothing if nobody was found. */
export function heldBy(holders: readonly Holder[]): string {
  if (holders.length === 0) return '';
  return ` (held by ${holders.map(({ command, pid }) => `${command}, process ${pid}`).join('; ')})`;
}
