import { sleep } from '../lib/clock.ts';
import { isCode, MoorageError, messageOf } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { type Lease, leases } from '../model/kinds/core.ts';
import type { Api } from './api.ts';
import { WatchingInformer } from './kube/informer.ts';
import { heldBy, isRenewed, recordOf, released } from './lease-record.ts';

/** The times of an election, in milliseconds. */
export interface ElectionTimes {
  /** So long after its last renewal a leader is taken to be gone. */
  readonly lease: number;
  /** A leader that could not renew for so long ends what it leads; the rest of the lease is the time for that. */
  readonly renewal: number;
  /** Between two renewals. */
  readonly retry: number;
}

export interface ElectionOptions {
  readonly api: Api;
  /** Name and namespace of the Lease. */
  readonly lease: string;
  readonly namespace: string;
  /** Who we are: no other live process has that name. One that was restarted under it leads on at once. */
  readonly identity: string;
  readonly log: Log;
  /**
   * What only a leader does. It begins when we lead, ends when the signal aborts, and has then stopped everything. A
   * throw ends the candidacy.
   */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  /** Ends the candidacy: what is led is stopped, and then the Lease is released. */
  readonly signal: AbortSignal;
  /**
   * Called when leadership was lost and what was led did not stop before somebody else may lead: it has to end this
   * process at once.
   */
  readonly onOverdue: () => void;
  readonly times?: ElectionTimes;
}

/**
 * Somewhat shorter than client-go's 15, 10 and 2 s: another leader is there within 15 s of the last one's death, its
 * own start included.
 */
const usualTimes: ElectionTimes = { lease: 13_000, renewal: 8_000, retry: 2_000 };

/** Milliseconds that an orderly end waits for the Lease to be written. */
const lastWrite = 1_000;

/**
 * Leads while the Lease is ours, as client-go's leader election does: at most one of all candidates leads. Nobody's
 * wall clock matters: a Lease has expired when it was not seen to change for its duration. Resolves when the signal has
 * aborted and the Lease is released; rejects with what `lead` threw.
 */
export async function runAsLeader(options: ElectionOptions): Promise<void> {
  using candidate = new Candidate(options);
  await candidate.run();
}

class Candidate implements Disposable {
  readonly #options: ElectionOptions;
  readonly #times: ElectionTimes;
  readonly #view: WatchingInformer<Lease>;
  /** The Lease as it was last seen or written, and when it was seen to change, by performance.now(). */
  #seen: Lease | undefined;
  #seenAt = 0;
  /** While we lead, only what we write ourselves counts as seen: the view tells it late. */
  #leads = false;
  #writing: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#times = options.times ?? usualTimes;
    const { api, namespace, lease, log } = options;
    const selection = { namespace, fieldSelector: `metadata.name=${lease}` };
    const source = {
      async *list() {
        yield await api.list(leases, selection);
      },
      watch: (resourceVersion: string, signal: AbortSignal) =>
        api.watch(leases, { ...selection, resourceVersion, signal, bookmarks: true }),
    };
    this.#view = new WatchingInformer(`lease ${lease}`, source, log);
    this.#view.onChange(({ type, object }) => {
      if (!this.#leads) this.#see(type === 'deleted' ? undefined : object);
    });
  }

  async run(): Promise<void> {
    const { signal, identity, log, lease, namespace } = this.#options;
    const onAbort = () => this.#wake();
    signal.addEventListener('abort', onAbort);
    try {
      await Promise.race([this.#view.synced, aborted(signal)]);
      let rival = '';
      while (!signal.aborted) {
        const pause = this.#pause();
        if (pause > 0) {
          const { holder } = this.#seen ? recordOf(this.#seen) : { holder: '' };
          if (holder !== rival) log.info({ lease, leader: holder }, 'another one leads; standing by');
          rival = holder;
          await this.#news(pause);
          continue;
        }
        const asked = performance.now();
        if (await this.#acquire()) {
          rival = identity;
          this.#leads = true;
          await this.#reign(asked);
          this.#leads = false;
          this.#see(this.#view.get({ namespace, name: lease }));
        } else {
          await this.#news(this.#times.retry * (0.5 + Math.random() / 2));
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }

  #see(lease: Lease | undefined): void {
    if (!lease || isRenewed(this.#seen, lease)) this.#seenAt = performance.now();
    this.#seen = lease;
    this.#wake();
  }

  /** Milliseconds until the Lease may be taken. */
  #pause(): number {
    if (!this.#seen) return 0;
    const { holder, duration } = recordOf(this.#seen);
    if (holder === '' || holder === this.#options.identity) return 0;
    return Math.max(this.#seenAt + duration - performance.now(), 0);
  }

  /** Until something is heard of the Lease, or so many milliseconds have passed. */
  async #news(ms: number): Promise<void> {
    if (this.#options.signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }

  /** Tries to write the Lease as ours. The version that it is based on decides between two who try at once. */
  async #acquire(): Promise<boolean> {
    const { identity, log, lease } = this.#options;
    try {
      await this.#write((present) => heldBy(identity, present, this.#times.lease));
      return true;
    } catch (error) {
      if (!isCode(error, 'conflict', 'already-exists', 'not-found')) {
        log.warn({ lease, reason: messageOf(error) }, 'the lease could not be taken; trying again');
      }
      return false;
    }
  }

  /** Writes the Lease, based on how it was last seen; the answer counts as seen. */
  async #write(change: (lease: Lease) => Lease): Promise<void> {
    const { api, lease: name, namespace } = this.#options;
    const before = this.#seen;
    const writing = before
      ? api.update(leases, change(before))
      : api.create(
          leases,
          change({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace } }),
        );
    this.#writing = writing.then(
      () => {},
      () => {},
    );
    this.#see(await writing);
  }

  /** Leads until the Lease is lost, or nobody wants us to lead any more. */
  async #reign(acquired: number): Promise<void> {
    const { lead, lease, identity, log, signal, onOverdue } = this.#options;
    log.info({ lease, identity }, 'leading');
    const end = new AbortController();
    const onAbort = () => end.abort(new MoorageError('not-ready', 'shutting down'));
    signal.addEventListener('abort', onAbort);
    // The lease counts from when it was asked for: others can't have seen it earlier.
    let renewed = acquired;
    const leading = lead(end.signal);
    // Whatever it throws is told below; until then it must not count as unhandled.
    const over = leading.then(() => {}).catch(() => {});
    void over.then(() => end.abort());
    let overdue: NodeJS.Timeout | undefined;
    try {
      while (!end.signal.aborted) {
        const last = renewed + this.#times.renewal;
        await sleep(Math.min(this.#times.retry, last - performance.now()), end.signal).catch(() => {});
        if (end.signal.aborted) break;
        const asked = performance.now();
        const outcome = await this.#renew(last - asked, end.signal);
        if (outcome === 'renewed') renewed = asked;
        else if (outcome === 'lost' || performance.now() - renewed >= this.#times.renewal) {
          log.warn({ lease, identity }, 'leadership is lost; stopping what it led');
          end.abort(new MoorageError('not-ready', 'leadership is lost'));
          overdue = setTimeout(onOverdue, Math.max(renewed + this.#times.lease * 0.95 - performance.now(), 0));
        }
      }
      await leading;
    } finally {
      clearTimeout(overdue);
      signal.removeEventListener('abort', onAbort);
      await this.#release();
    }
  }

  /** One renewal. `late` means: not now, but the Lease may still be ours. */
  async #renew(patience: number, signal: AbortSignal): Promise<'renewed' | 'late' | 'lost'> {
    const { api, identity, lease: name, namespace, log } = this.#options;
    const timer = new AbortController();
    const renewal = async () => {
      try {
        await this.#write((present) => heldBy(identity, present, this.#times.lease));
        return 'renewed';
      } catch (error) {
        if (!isCode(error, 'conflict', 'not-found')) throw error;
        const present = await api.get(leases, { namespace, name });
        if (!present || recordOf(present).holder !== identity) return 'lost';
        this.#see(present);
        return 'late';
      }
    };
    try {
      const asked = renewal();
      asked.catch(() => {});
      const late = sleep(Math.max(patience, 0), AbortSignal.any([timer.signal, signal])).then(
        () => 'late' as const,
        () => 'late' as const,
      );
      return await Promise.race([asked, late]);
    } catch (error) {
      log.warn({ lease: name, reason: messageOf(error) }, 'the lease could not be renewed; trying again');
      return 'late';
    } finally {
      timer.abort();
    }
  }

  /** Lets somebody else lead at once, if the Lease is still ours. */
  async #release(): Promise<void> {
    const { identity, lease, log } = this.#options;
    // A renewal that is still on its way would make this a lost race.
    await Promise.race([this.#writing, sleep(lastWrite)]);
    if (!this.#seen || recordOf(this.#seen).holder !== identity) return;
    try {
      await Promise.race([this.#write(released), sleep(lastWrite)]);
      log.info({ lease, identity }, 'the lease is released');
    } catch (error) {
      log.info({ lease, reason: messageOf(error) }, 'the lease is left to expire');
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
