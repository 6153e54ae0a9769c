import type { Api } from '../../api/api.ts';
import { WatchingInformer } from '../../api/kube/informer/informer.ts';
import { isRenewed, recordOf } from '../../api/leader/lease-record.ts';
import type { Log } from '../../lib/log.ts';
import { type Lease, leases, type Node, nodes } from '../../model/kinds/core.ts';
import { agentLabel, leaseNameOf } from '../agent/heartbeat.ts';

/** So many times its duration a Lease must have been over, by the clocks' word, to count as such at first sight. */
const doubt = 4;

export interface LivenessOptions {
  readonly api: Api;
  /** Where the agents' Leases are. */
  readonly namespace: string;
  readonly log: Log;
}

/**
 * Which nodes are up, and have an agent that works. Clocks of machines may differ, so a Lease has run out when it was
 * not seen to change for its duration.
 */
export class Liveness implements Disposable {
  readonly #api: Api;
  readonly #view: WatchingInformer<Lease>;
  readonly #namespace: string;
  /** When each Lease was seen to change, by performance.now(). */
  readonly #seenAt = new Map<string, number>();
  readonly #open = new DisposableStack();
  /** Called when a node may be of use that was not. */
  onChange: () => void = () => {};

  private constructor(options: LivenessOptions) {
    const { api, namespace, log } = options;
    const selection = { namespace, labelSelector: agentLabel };
    const source = {
      async *list() {
        yield await api.list(leases, selection);
      },
      watch: (resourceVersion: string, signal: AbortSignal) =>
        api.watch(leases, { ...selection, resourceVersion, signal, bookmarks: true }),
    };
    this.#api = api;
    this.#namespace = namespace;
    this.#view = this.#open.use(new WatchingInformer('leases of agents', source, log));
  }

  /** Resolves when all are known. */
  static async open(options: LivenessOptions): Promise<Liveness> {
    const liveness = new Liveness(options);
    const nodeView = options.api.informer(nodes);
    await Promise.all([nodeView.synced, liveness.#view.synced]);
    liveness.#open.use(
      liveness.#view.onChange(({ type, object, old }) => {
        const was = liveness.#silence(object) === undefined;
        liveness.#see(type === 'deleted' ? undefined : object, old, object.metadata.name);
        if (!was) liveness.onChange();
      }),
    );
    liveness.#open.use(
      nodeView.onChange(({ object, old }) => {
        const same = old && whyNodeNotReady(object) === whyNodeNotReady(old);
        if (!same || object.spec?.unschedulable !== old.spec?.unschedulable) liveness.onChange();
      }),
    );
    return liveness;
  }

  /** Whether the API has a Node of that name. */
  has(node: string): boolean {
    return this.#api.informer(nodes).get({ name: node }) !== undefined;
  }

  /** Whether nothing new is to start on the node. */
  isCordoned(node: string): boolean {
    return this.#api.informer(nodes).get({ name: node })?.spec?.unschedulable ?? false;
  }

  /** Why the node can't do anything at the moment, or undefined if it can. */
  whyNot(node: string): string | undefined {
    const found = this.#api.informer(nodes).get({ name: node });
    if (!found) return `there is no node ${node}`;
    const why = whyNodeNotReady(found);
    if (why !== undefined) return why;
    const lease = this.#view.get({ namespace: this.#namespace, name: leaseNameOf(node) });
    return lease ? this.#silence(lease) : 'its agent has not reported yet';
  }

  [Symbol.dispose](): void {
    this.#open.dispose();
  }

  #silence(lease: Lease): string | undefined {
    const { holder, duration } = recordOf(lease);
    if (holder === '') return 'its agent is stopped';
    const seenAt = this.#seenAt.get(lease.metadata.name);
    if (seenAt !== undefined && performance.now() - seenAt <= duration) return undefined;
    return `its agent has said nothing since ${lease.spec?.renewTime?.slice(0, 19)}Z`;
  }

  #see(lease: Lease | undefined, old: Lease | undefined, name: string): void {
    if (!lease) this.#seenAt.delete(name);
    else if (old && isRenewed(old, lease)) this.#seenAt.set(name, performance.now());
    else if (!old) {
      const age = Date.now() - Date.parse(lease.spec?.renewTime ?? '');
      if (age < doubt * recordOf(lease).duration) this.#seenAt.set(name, performance.now());
    }
  }
}

function whyNodeNotReady({ metadata, status }: Node): string | undefined {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return ready?.status === 'True' ? undefined : `node ${metadata.name} is not ready`;
}
