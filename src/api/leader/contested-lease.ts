import { startTimer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { type Lease, leases } from '../../model/kinds/core.ts';
import type { Api } from '../api.ts';
import { WatchingInformer } from '../kube/informer/informer.ts';
import { heldBy, isRenewed, recordOf, released } from './lease-record.ts';

export interface ContestedLeaseOptions {
  readonly api: Api;
  readonly name: string;
  readonly namespace: string;
  readonly identity: string;
  /** Milliseconds that it is ours after a write. */
  readonly duration: number;
  readonly log: Log;
}

/** A Lease that several candidates want, as one of them sees and writes it. */
export class ContestedLease implements Disposable {
  readonly #options: ContestedLeaseOptions;
  readonly #view: WatchingInformer<Lease>;
  /** The Lease as it was last seen or written, and when it was seen to change, by performance.now(). */
  #seen: Lease | undefined;
  #seenAt = 0;
  /** While it is ours, only what we write ourselves counts as seen: the view tells it late. */
  #isOurs = false;
  #wake: () => void = () => {};

  constructor(options: ContestedLeaseOptions) {
    this.#options = options;
    const { api, namespace, name, log } = options;
    const selection = { namespace, fieldSelector: `metadata.name=${name}` };
    const source = {
      async *list() {
        yield await api.list(leases, selection);
      },
      watch: (resourceVersion: string, signal: AbortSignal) =>
        api.watch(leases, { ...selection, resourceVersion, signal, bookmarks: true }),
    };
    this.#view = new WatchingInformer(`lease ${name}`, source, log);
    this.#view.onChange(({ type, object }) => {
      if (!this.#isOurs) this.#see(type === 'deleted' ? undefined : object);
    });
  }

  /** Resolves when it is known who has the Lease. */
  get synced(): Promise<void> {
    return this.#view.synced;
  }

  /** Who has it, expired or not; '' for nobody. */
  get holder(): string {
    return this.#seen ? recordOf(this.#seen).holder : '';
  }

  /** Milliseconds until it may be taken. What is written under our own name was written by one that is no more. */
  get pause(): number {
    if (!this.#seen) return 0;
    const { holder, duration } = recordOf(this.#seen);
    if (holder === '' || holder === this.#options.identity) return 0;
    return Math.max(this.#seenAt + duration - performance.now(), 0);
  }

  /** Until something is heard of the Lease, or so many milliseconds have passed, or the signal aborts. */
  async news(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    signal.addEventListener('abort', () => resolve(), { once: true });
    using _timer = startTimer(ms, resolve);
    await promise;
  }

  /** Takes it, or renews it. Throws `conflict` or `already-exists` if somebody else was quicker. */
  async hold(): Promise<void> {
    const { identity, duration } = this.#options;
    await this.#write((lease) => heldBy(identity, lease, duration));
    this.#isOurs = true;
  }

  /** Looks who has it now, past the view. True if we do. */
  async look(): Promise<boolean> {
    const { api, namespace, name, identity } = this.#options;
    this.#see(await api.get(leases, { namespace, name }));
    return this.holder === identity;
  }

  /** Leaves it for anybody to take at once, if it is ours. */
  async release(): Promise<boolean> {
    if (this.holder !== this.#options.identity) return false;
    await this.#write(released);
    return true;
  }

  /** From now on the view says again whose it is. */
  letGo(): void {
    const { namespace, name } = this.#options;
    this.#isOurs = false;
    this.#see(this.#view.get({ namespace, name }));
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }

  #see(lease: Lease | undefined): void {
    if (!lease || isRenewed(this.#seen, lease)) this.#seenAt = performance.now();
    this.#seen = lease;
    this.#wake();
  }

  /** Writes it, based on how it was last seen: that decides between two who try at once. */
  async #write(change: (lease: Lease) => Lease): Promise<void> {
    const { api, name, namespace } = this.#options;
    const none: Lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name, namespace } };
    this.#see(this.#seen ? await api.update(leases, change(this.#seen)) : await api.create(leases, change(none)));
  }
}
