import type { Api } from '../../api/api.ts';
import { heldBy, released } from '../../api/leader/lease-record.ts';
import { sleep } from '../../lib/clock.ts';
import { isCode, messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { type Lease, leases, nodes } from '../../model/kinds/core.ts';

/** Marks the Leases by which agents show that they live. */
export const agentLabel = 'moorage.dev/agent';

/** So long, in milliseconds, an agent counts as alive after its Lease was renewed; it is renewed three times in that. */
const lease = 45_000;
const pause = 15_000;
const firstRetry = 1_000;
const lastWrite = 1_000;

export interface HeartbeatOptions {
  readonly api: Api;
  readonly node: string;
  /** Where the Lease is. */
  readonly namespace: string;
  readonly log: Log;
}

/** The name of the Lease of a node's agent. */
export function leaseNameOf(node: string): string {
  return `agent-${node}`;
}

/**
 * Renews the Lease of this node's agent until it is disposed of, which releases it. Never throws: an API that is away
 * is tried again.
 */
export function startHeartbeat(options: HeartbeatOptions): AsyncDisposable {
  const stop = new AbortController();
  const beating = beat(options, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      const last = await beating;
      if (!last) return;
      const writing = options.api.update(leases, released(last)).catch((error: unknown) => {
        options.log.info({ lease: last.metadata.name, reason: messageOf(error) }, 'the lease is left to expire');
      });
      await Promise.race([writing, sleep(lastWrite)]);
    },
  };
}

/** Resolves with the Lease as it was last written. */
async function beat({ api, node, namespace, log }: HeartbeatOptions, signal: AbortSignal): Promise<Lease | undefined> {
  const ref = { namespace, name: leaseNameOf(node) };
  let last: Lease | undefined;
  let retry = firstRetry;
  while (!signal.aborted) {
    try {
      last ??= await api.get(leases, ref);
      last = await (last
        ? api.update(leases, heldBy(node, last, lease))
        : api.create(leases, heldBy(node, await newLease(api, node, ref), lease)));
      retry = firstRetry;
      await sleep(pause * (0.9 + Math.random() / 5), signal).catch(() => {});
    } catch (error) {
      last = undefined;
      if (signal.aborted) break;
      if (!isCode(error, 'conflict', 'already-exists')) {
        log.warn({ lease: ref.name, reason: messageOf(error) }, 'could not show that this agent lives; trying again');
      }
      await sleep(retry, signal).catch(() => {});
      retry = Math.min(retry * 2, pause);
    }
  }
  return last;
}

/** It goes with its Node, as the kubelet's own does. */
async function newLease(api: Api, node: string, { namespace, name }: { namespace: string; name: string }) {
  const uid = (await api.get(nodes, { name: node }))?.metadata.uid;
  const ownerReferences = uid === undefined ? [] : [{ apiVersion: 'v1', kind: 'Node', name: node, uid }];
  return {
    apiVersion: 'coordination.k8s.io/v1' as const,
    kind: 'Lease' as const,
    metadata: { name, namespace, labels: { [agentLabel]: '' }, ownerReferences },
  };
}
