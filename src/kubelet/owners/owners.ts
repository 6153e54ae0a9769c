import type { FileHandle } from 'node:fs/promises';
import type { Api } from '../../api/api.ts';
import { sleep } from '../../lib/clock.ts';
import { isCode, messageOf } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import type { Log } from '../../lib/log.ts';
import { type Mount, mounts, persistentVolumeClaims } from '../../model/kinds/index.ts';
import { isDeleting, refTo } from '../../model/object.ts';
import { claimRefOf } from '../mounter/take-up.ts';
import { isFree, openLockFile, untilFree } from './lock-file.ts';

interface OwnerWatchOptions {
  readonly api: Api;
  readonly node: string;
  readonly exec: Exec;
  readonly log: Log;
  /** How many Mounts have a child of their own; those beyond are looked at in turn. Default 128. */
  readonly mostChildren?: number;
}

interface Watched {
  readonly mount: Mount;
  readonly stop: AbortController;
  /** Not looked at yet. */
  isNew: boolean;
  /** Pending while a child waits for the lock. */
  child: Promise<void> | undefined;
}

/** Milliseconds between two looks at those that have no child. */
const lookEvery = 5_000;

/**
 * Deletes each Mount of this node whose owner has ended, which is when nobody holds a lock on its lock file any more.
 * A child for each waits for that, up to a bound; those beyond it are looked at one after the other. A Mount whose
 * claim does not exist has nothing to let go of: there only a lock file that is gone is noticed. The children end with
 * us.
 */
export class OwnerWatch implements AsyncDisposable {
  readonly #options: OwnerWatchOptions;
  readonly #watched = new Map<string, Watched>();
  readonly #open = new DisposableStack();
  readonly #stopped = new AbortController();
  #wake = new AbortController();
  #loop: Promise<void> = Promise.resolve();

  constructor(options: OwnerWatchOptions) {
    this.#options = options;
  }

  /** Starts to watch the owners of the Mounts that there are and will be. */
  async start(): Promise<void> {
    const { api } = this.#options;
    const [informer, claims] = [api.informer(mounts), api.informer(persistentVolumeClaims)];
    await Promise.all([informer.synced, claims.synced]);
    this.#open.use(
      informer.onChange(({ type, object }) => {
        const uid = object.metadata.uid ?? '';
        if (type === 'deleted' || isDeleting(object)) this.#forget(uid);
        else if (this.#isOurs(object) && !this.#watched.has(uid)) this.#watch(uid, object);
      }),
    );
    this.#loop = this.#lookInTurn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open.dispose();
    this.#stopped.abort(new Error('shutting down'));
    this.#wake.abort();
    const all = [...this.#watched.values()];
    for (const { stop } of all) stop.abort(new Error('shutting down'));
    await Promise.all([this.#loop, ...all.map(({ child }) => child)]);
  }

  #isOurs({ spec }: Mount): boolean {
    return spec.owner !== undefined && (spec.node ?? this.#options.node) === this.#options.node;
  }

  #forget(uid: string): void {
    this.#watched.get(uid)?.stop.abort(new Error('the Mount is going'));
    this.#watched.delete(uid);
  }

  #watch(uid: string, mount: Mount): void {
    this.#watched.set(uid, { mount, stop: new AbortController(), isNew: true, child: undefined });
    this.#wake.abort();
  }

  async #lookInTurn(): Promise<void> {
    const stopped = this.#stopped.signal;
    let last = Number.NEGATIVE_INFINITY;
    while (!stopped.aborted) {
      this.#wake = new AbortController();
      // A new one is looked at at once, without another look at all the others.
      const all = performance.now() - last >= lookEvery;
      if (all) last = performance.now();
      for (const one of [...this.#watched.values()]) {
        if (stopped.aborted) return;
        if (one.child === undefined && (all || one.isNew)) await this.#look(one);
      }
      await sleep(lookEvery, AbortSignal.any([stopped, this.#wake.signal])).catch(() => {});
    }
  }

  async #look(one: Watched): Promise<void> {
    one.isNew = false;
    const { api, exec, log, mostChildren = 128 } = this.#options;
    const { mount, stop } = one;
    try {
      const file = await openLockFile(mount.spec.owner?.lockFile ?? '');
      if (!file) return await this.#end(one);
      await using held = new AsyncDisposableStack();
      held.use(file);
      if (!api.informer(persistentVolumeClaims).get(claimRefOf(mount))) return;
      const children = [...this.#watched.values()].filter(({ child }) => child !== undefined).length;
      if (children < mostChildren) {
        held.move();
        one.child = this.#waitFor(one, file);
      } else if (await isFree(exec, file, stop.signal)) await this.#end(one);
    } catch (error) {
      if (stop.signal.aborted) return;
      log.warn({ mount: mount.metadata.name, reason: messageOf(error) }, 'watching an owner failed; trying again');
    }
  }

  /** Never rejects. */
  async #waitFor(one: Watched, lockFile: FileHandle): Promise<void> {
    const { exec, log } = this.#options;
    const { mount, stop } = one;
    try {
      await using file = lockFile;
      await untilFree(exec, file, stop.signal);
      await this.#end(one);
    } catch (error) {
      if (stop.signal.aborted) return;
      log.warn({ mount: mount.metadata.name, reason: messageOf(error) }, 'watching an owner failed; trying again');
    } finally {
      one.child = undefined;
    }
  }

  async #end({ mount, stop }: Watched): Promise<void> {
    const { api, log } = this.#options;
    if (stop.signal.aborted) return;
    log.info({ mount: mount.metadata.name, namespace: mount.metadata.namespace }, 'owner ended; deleting its mount');
    const preconditions = { uid: mount.metadata.uid };
    await api.delete(mounts, refTo(mount), { preconditions }).catch((error: unknown) => {
      if (!isCode(error, 'conflict', 'not-found')) throw error;
    });
  }
}
