import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Api } from '../../src/api/api.ts';
import type { KubeApi } from '../../src/api/kube/index.ts';
import { type ElectionTimes, runAsLeader } from '../../src/api/leader/leader-election.ts';
import { silent } from '../../src/lib/log.ts';
import { leases } from '../../src/model/kinds/core.ts';
import { openServed, type Served } from './served.ts';

// Candidates with connections of their own, over HTTPS.
let served: Served;
const times: ElectionTimes = { lease: 2_000, renewal: 1_200, retry: 300 };
/** Nobody who waited for such a Lease to expire would lead before the test gives up. */
const patient: ElectionTimes = { lease: 60_000, renewal: 40_000, retry: 500 };

beforeAll(async () => {
  served = await openServed();
});
afterAll(() => served?.[Symbol.asyncDispose]());

/** One candidate, and what it did. */
class Candidate {
  readonly api: KubeApi;
  readonly done: Promise<void>;
  leads = false;
  reigns = 0;
  overdue = false;
  began = 0;
  ended = 0;
  readonly #stop = new AbortController();

  constructor(
    lease: string,
    identity: string,
    { slow = 0, api = served.connect(), own = times }: { slow?: number; api?: KubeApi; own?: ElectionTimes } = {},
  ) {
    this.api = api;
    this.done = runAsLeader({
      api,
      lease,
      namespace: 'default',
      identity,
      log: silent,
      times: own,
      signal: this.#stop.signal,
      onOverdue: () => {
        this.overdue = true;
      },
      lead: async (signal) => {
        this.leads = true;
        this.reigns += 1;
        this.began = performance.now();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await pause(slow);
        this.leads = false;
        this.ended = performance.now();
      },
    });
  }

  stop(): Promise<void> {
    this.#stop.abort();
    return this.done;
  }

  async leading(): Promise<void> {
    await expect.poll(() => this.leads, { interval: 10 }).toBe(true);
  }
}

const leaseOf = (api: Api, name: string) => api.get(leases, { namespace: 'default', name });

test('of two candidates one leads, and keeps on; when it ends in order, the other leads at once', async () => {
  const [a, b] = [new Candidate('orderly', 'a', { own: patient }), new Candidate('orderly', 'b', { own: patient })];
  await Promise.race([a.leading(), b.leading()]);
  await pause(patient.retry * 4);
  expect([a.leads, b.leads].filter(Boolean)).toHaveLength(1);
  const [first, second] = a.leads ? [a, b] : [b, a];
  const before = await leaseOf(first.api, 'orderly');
  expect(before?.spec).toMatchObject({ holderIdentity: a.leads ? 'a' : 'b', leaseDurationSeconds: 60 });
  await first.stop();
  await second.leading();
  expect(second.began).toBeGreaterThan(first.ended);
  await second.stop();
  expect((await leaseOf(second.api, 'orderly'))?.spec?.holderIdentity).toBe('');
});

test('a leader that is gone without a word is followed when its lease has expired, and not before', async () => {
  const gone = new Candidate('crash', 'gone');
  await gone.leading();
  const next = new Candidate('crash', 'next');
  await pause(times.retry * 2);
  await gone.api[Symbol.asyncDispose]();
  await next.leading();
  // It noticed by itself, and stopped before the other one could begin.
  expect(gone.ended).toBeGreaterThan(0);
  expect(gone.ended).toBeLessThan(next.began);
  expect(gone.overdue).toBe(false);
  await Promise.all([gone.stop(), next.stop()]);
});

test('a leader that cannot stop what it leads in time has to end its process', async () => {
  const slow = new Candidate('slow', 'slow', { slow: 3_000 });
  await slow.leading();
  await slow.api[Symbol.asyncDispose]();
  await expect.poll(() => slow.overdue, { interval: 10 }).toBe(true);
  expect(slow.leads).toBe(true);
  await slow.stop();
});

test('what takes long to stop in order is led until it has stopped', async () => {
  const slow = new Candidate('drain', 'slow', { slow: times.lease * 1.5 });
  await slow.leading();
  const next = new Candidate('drain', 'next');
  await pause(times.retry);
  await slow.stop();
  await next.leading();
  expect(next.began).toBeGreaterThan(slow.ended);
  expect(slow.overdue).toBe(false);
  await next.stop();
});

test('somebody else in the Lease ends a reign, and the clock of the other does not matter', async () => {
  const a = new Candidate('taken', 'a');
  await a.leading();
  await a.api.patch(
    leases,
    { namespace: 'default', name: 'taken' },
    {
      type: 'merge',
      // Renewed, by a clock that is an hour slow.
      body: { spec: { holderIdentity: 'other', renewTime: new Date(Date.now() - 3_600_000).toISOString() } },
    },
  );
  await expect.poll(() => a.reigns).toBe(2);
  expect(a.began - a.ended).toBeGreaterThan(times.lease - times.retry * 2);
  await a.stop();
});

test('one that was killed and comes back under its name leads on at once', async () => {
  const a = new Candidate('again', 'a', { own: patient });
  await a.leading();
  await a.api[Symbol.asyncDispose]();
  const again = new Candidate('again', 'a', { own: patient });
  await again.leading();
  await Promise.all([a.stop(), again.stop()]);
});

test('a leader whose work fails gives up the Lease, and says why', async () => {
  const api = served.connect();
  const failing = runAsLeader({
    api,
    lease: 'failing',
    namespace: 'default',
    identity: 'a',
    log: silent,
    times,
    signal: new AbortController().signal,
    onOverdue: () => {},
    lead: async () => {
      throw new Error('no disk');
    },
  });
  await expect(failing).rejects.toThrow('no disk');
  expect((await leaseOf(api, 'failing'))?.spec?.holderIdentity).toBe('');
});
