import { access } from 'node:fs/promises';
import type { Api } from '../../api/api.ts';
import { sleep } from '../../lib/clock.ts';
import { isCode, messageOf } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import type { Log } from '../../lib/log.ts';
import { type Mount, mounts } from '../../model/kinds/index.ts';
import { isDeleting, refTo } from '../../model/object.ts';

/** Longest time that a timer of Node takes, in milliseconds; as good as for ever. */
const forEver = 2 ** 31 - 1;

/**
 * Deletes each Mount of this node whose owner has ended, which is when nobody holds a lock on its lock file any more.
 * The kernel tells: one child per owned Mount asks for the same lock and gets it then. The children end with us.
 */
export class OwnerWatch implements AsyncDisposable {
  readonly #options: { readonly api: Api; readonly node: string; readonly exec: Exec; readonly log: Log };
  readonly #watched = new Map<string, { readonly stop: AbortController; readonly done: Promise<void> }>();
  readonly #open = new DisposableStack();

  constructor(options: { readonly api: Api; readonly node: string; readonly exec: Exec; readonly log: Log }) {
    this.#options = options;
  }

  /** Starts to watch the owners of the Mounts that there are and will be. */
  async start(): Promise<void> {
    const informer = this.#options.api.informer(mounts);
    await informer.synced;
    this.#open.use(
      informer.onChange(({ type, object }) => {
        const uid = object.metadata.uid ?? '';
        if (type === 'deleted' || isDeleting(object)) this.#forget(uid);
        else if (this.#isOurs(object) && !this.#watched.has(uid)) this.#watch(uid, object);
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open.dispose();
    const all = [...this.#watched.values()];
    for (const { stop } of all) stop.abort(new Error('shutting down'));
    await Promise.all(all.map(({ done }) => done));
  }

  #isOurs({ spec }: Mount): boolean {
    return spec.owner !== undefined && (spec.node ?? this.#options.node) === this.#options.node;
  }

  #forget(uid: string): void {
    this.#watched.get(uid)?.stop.abort(new Error('the Mount is going'));
    this.#watched.delete(uid);
  }

  #watch(uid: string, mount: Mount): void {
    const stop = new AbortController();
    const done = this.#untilOwnerEnds(mount, stop.signal).catch((error: unknown) => {
      if (!stop.signal.aborted) {
        this.#options.log.error(
          { mount: mount.metadata.name, reason: messageOf(error) },
          'owner of a mount not watched',
        );
      }
    });
    this.#watched.set(uid, { stop, done });
  }

  async #untilOwnerEnds(mount: Mount, signal: AbortSignal): Promise<void> {
    const { api, log } = this.#options;
    const lockFile = mount.spec.owner?.lockFile ?? '';
    while (!signal.aborted) {
      try {
        if (await exists(lockFile)) await this.#waitForLock(lockFile, signal);
        break;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ mount: mount.metadata.name, reason: messageOf(error) }, 'watching an owner failed; trying again');
        await sleep(5_000, signal);
      }
    }
    if (signal.aborted) return;
    log.info({ mount: mount.metadata.name, namespace: mount.metadata.namespace }, 'owner ended; deleting its mount');
    const preconditions = { uid: mount.metadata.uid };
    await api.delete(mounts, refTo(mount), { preconditions }).catch((error: unknown) => {
      if (!isCode(error, 'conflict', 'not-found')) throw error;
    });
  }

  /** `flock` keeps nothing: it ends as soon as it has the lock. Under setpriv it also ends when we are killed. */
  async #waitForLock(lockFile: string, signal: AbortSignal): Promise<void> {
    const flock = ['flock', '--exclusive', '--no-fork', lockFile, 'true'] as const;
    const options = { signal, timeout: forEver };
    try {
      await this.#options.exec(['setpriv', '--pdeathsig', 'KILL', ...flock], options);
    } catch (error) {
      if (!isCode(error, 'unsupported')) throw error;
      await this.#options.exec(flock, options);
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
      throw error;
    },
  );
}
