import { open } from 'node:fs/promises';
import type { Exec } from '../lib/exec.ts';

/** Writes everything that the file system at the path has in memory to its device: syncfs(2). */
export async function syncFilesystem(exec: Exec, path: string): Promise<void> {
  await exec(['sync', '--file-system', path], { timeout: 600_000 });
}

/** fsync(2) of a file, a directory or a block device. On a device, what was written through its cache. */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Makes many small changes durable with few flushes: all who ask while a flush runs share the next one. A flush that
 * began before the question does not count.
 */
export class GroupSync {
  readonly #flush: () => Promise<void>;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(flush: () => Promise<void>) {
    this.#flush = flush;
  }

  /** Resolves when everything that was done before the call is durable. */
  sync(): Promise<void> {
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined;
        this.#running = this.#flush();
        return this.#running;
      });
    return this.#next;
  }
}
