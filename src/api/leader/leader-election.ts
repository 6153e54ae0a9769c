import { sleep, startTimer, type Timer } from '../../lib/clock.ts';
import { isCode, MoorageError, messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Api } from '../api.ts';
import { ContestedLease } from './contested-lease.ts';

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
const usualTimes: ElectionTimes = { lease: 12_000, renewal: 8_000, retry: 2_000 };

/** Milliseconds that an orderly end waits for the Lease to be written. */
const lastWrite = 1_000;

/**
 * Leads while the Lease is ours, as client-go's leader election does: at most one of all candidates leads. Nobody's
 * wall clock matters: a Lease has expired when it was not seen to change for its duration. Resolves when the signal has
 * aborted and the Lease is released; rejects with what `lead` threw.
 */
export async function runAsLeader(options: ElectionOptions): Promise<void> {
  const { api, lease: name, namespace, identity, log, signal, times = usualTimes } = options;
  using lease = new ContestedLease({ api, name, namespace, identity, duration: times.lease, log });
  await Promise.race([lease.synced, aborted(signal)]);
  let leader = '';
  while (!signal.aborted) {
    const { pause, holder } = lease;
    if (pause > 0) {
      if (holder !== leader) log.info({ lease: name, leader: holder }, 'another one leads; standing by');
      leader = holder;
      await lease.news(pause, signal);
      continue;
    }
    const asked = performance.now();
    if (await acquire(lease, options)) {
      leader = identity;
      await reign(lease, asked, { ...options, times });
      lease.letGo();
    } else {
      await lease.news(times.retry * (0.5 + Math.random() / 2), signal);
    }
  }
}

async function acquire(lease: ContestedLease, { log, lease: name }: ElectionOptions): Promise<boolean> {
  try {
    await lease.hold();
    return true;
  } catch (error) {
    if (!isCode(error, 'conflict', 'already-exists', 'not-found')) {
      log.warn({ lease: name, reason: messageOf(error) }, 'the lease could not be taken; trying again');
    }
    return false;
  }
}

type Reign = ElectionOptions & { readonly times: ElectionTimes };

/**
 * Leads until the Lease is lost, or nobody wants us to lead any more. Renews it until all that was led has stopped. It
 * counts from when it was asked for: others can't have seen it earlier.
 */
async function reign(lease: ContestedLease, acquired: number, options: Reign): Promise<void> {
  const { lead, lease: name, identity, log, signal, onOverdue, times } = options;
  log.info({ lease: name, identity }, 'leading');
  const end = new AbortController();
  const onAbort = () => end.abort(new MoorageError('not-ready', 'shutting down'));
  signal.addEventListener('abort', onAbort);
  if (signal.aborted) onAbort();
  const over = new AbortController();
  const leading = lead(end.signal);
  void leading.catch(() => {}).then(() => over.abort());
  let overdue: Timer | undefined;
  try {
    const lost = await keep(lease, acquired, over.signal, options);
    if (lost !== undefined) {
      log.warn({ lease: name, identity }, 'leadership is lost; stopping what it led');
      end.abort(new MoorageError('not-ready', 'leadership is lost'));
      overdue = startTimer(Math.max(lost + times.lease * 0.95 - performance.now(), 0), onOverdue);
    }
    await leading;
  } finally {
    overdue?.stop();
    signal.removeEventListener('abort', onAbort);
    await release(lease, options);
  }
}

/** Renews the Lease until the signal aborts; returns earlier if it is lost, with the time of the last renewal. */
async function keep(
  lease: ContestedLease,
  acquired: number,
  signal: AbortSignal,
  options: Reign,
): Promise<number | undefined> {
  const { retry, renewal } = options.times;
  let renewed = acquired;
  for (;;) {
    const last = renewed + renewal;
    await sleep(Math.min(retry, Math.max(last - performance.now(), 0)), signal).catch(() => {});
    if (signal.aborted) return undefined;
    const asked = performance.now();
    const outcome = await withPatience(last - asked, renew(lease, options), signal);
    if (outcome === 'renewed') renewed = asked;
    else if (outcome === 'lost' || performance.now() >= last) return signal.aborted ? undefined : renewed;
  }
}

/** One renewal. `late` means: not now, but the Lease may still be ours. */
async function renew(lease: ContestedLease, { lease: name, log }: Reign): Promise<'renewed' | 'late' | 'lost'> {
  try {
    await lease.hold();
    return 'renewed';
  } catch (error) {
    if (isCode(error, 'conflict', 'not-found')) {
      const isOurs = await lease.look().catch(() => undefined);
      return isOurs === false ? 'lost' : 'late';
    }
    log.warn({ lease: name, reason: messageOf(error) }, 'the lease could not be renewed; trying again');
    return 'late';
  }
}

/** What comes of it, or `late` when the time is up or the signal aborts. */
async function withPatience<T>(ms: number, work: Promise<T>, signal: AbortSignal): Promise<T | 'late'> {
  const timer = new AbortController();
  const tooLate = sleep(Math.max(ms, 0), AbortSignal.any([timer.signal, signal])).then(
    () => 'late' as const,
    () => 'late' as const,
  );
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    timer.abort();
  }
}

/** Lets somebody else lead at once, if the Lease is still ours. A renewal on its way may make it a lost race: once more. */
async function release(lease: ContestedLease, { lease: name, identity, log }: Reign): Promise<void> {
  const work = async () => {
    try {
      return await lease.release();
    } catch (error) {
      if (!isCode(error, 'conflict') || !(await lease.look())) throw error;
      return await lease.release();
    }
  };
  try {
    const outcome = await withPatience(lastWrite, work(), new AbortController().signal);
    if (outcome === true) log.info({ lease: name, identity }, 'the lease is released');
  } catch (error) {
    log.info({ lease: name, reason: messageOf(error) }, 'the lease is left to expire');
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}
