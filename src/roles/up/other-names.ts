import type { Api } from '../../api/api.ts';
import { reportMount } from '../../kubelet/mounter/report-mount.ts';
import { fail } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { firstPoolMark, mounts, type Node, nodes, pools, volumes } from '../../model/kinds/index.ts';
import { type Condition, isDeleting } from '../../model/object.ts';
import { alreadySay, type Statement, withConditions } from '../../volumes/conditions.ts';
import type { UpOptions } from './up-options.ts';

/**
 * The name of this machine's node. A host name that has changed since the pools were made is not followed: what is kept
 * here is of the node that it was made on. Throws `invalid` if several are possible.
 */
export async function chooseNode(
  api: Api,
  { node, isNodeGiven }: Pick<UpOptions, 'node' | 'isNodeGiven'>,
  log: Log,
): Promise<string> {
  const known = (await namesOf(api)).filter((name, index, all) => all.indexOf(name) === index);
  const [only, ...more] = known;
  if (isNodeGiven || only === undefined || known.includes(node)) return node;
  if (more.length > 0) {
    fail(
      'invalid',
      `this machine is called ${node} now, and what is kept here is of several nodes (${known.join(', ')}): say with --node which of them it is`,
    );
  }
  log.warn({ node: only, host: node }, 'this machine has another host name now; its node keeps the name that it had');
  return only;
}

/** The nodes that pools are on, else those that were a node of this data directory. */
async function namesOf(api: Api): Promise<string[]> {
  const named = (await api.list(pools)).items.flatMap(({ spec }) => spec.node ?? []);
  if (named.length > 0) return named;
  return (await api.list(nodes)).items.filter(isOurs).map(({ metadata }) => metadata.name);
}

/**
 * Says of the nodes that this data directory was before, of their pools and of their Mounts, that they are not served
 * under the name of now, and how they come back. A node that nothing is left of goes.
 */
export async function sayOtherNames(api: Api, node: string, log: Log): Promise<void> {
  const others = (await api.list(nodes)).items.filter((it) => it.metadata.name !== node && isOurs(it));
  for (const other of others) {
    const { name } = other.metadata;
    const ownPools = (await api.list(pools)).items.filter(({ spec }) => spec.node === name);
    const ownVolumes = (await api.list(volumes)).items.filter(({ status }) => status?.placement?.node === name);
    const ownMounts = (await api.list(mounts)).items.filter((it) => (it.status?.node ?? it.spec.node) === name);
    if (ownPools.length + ownVolumes.length + ownMounts.length === 0) {
      await api.delete(nodes, { name });
      continue;
    }
    const message = `what is kept here is of node "${name}", and Moorage was started as node "${node}": start it with "moorage up --node ${name}", and it comes back`;
    log.warn({ node: name, now: node, pools: ownPools.length, mounts: ownMounts.length }, message);
    const notReady: Statement = { type: 'Ready', status: 'False', reason: 'OtherName', message };
    const conditionsOf = (present: readonly Condition[] | undefined) => withConditions(present, [notReady]);
    if (!alreadySay(other.status?.conditions, [notReady])) {
      const conditions = conditionsOf(other.status?.conditions);
      await api.updateStatus(nodes, { ...other, status: { ...other.status, conditions } });
    }
    for (const pool of ownPools) {
      if (pool.status?.phase === 'Failed' && alreadySay(pool.status.conditions, [notReady])) continue;
      const conditions = conditionsOf(pool.status?.conditions);
      await api.updateStatus(pools, { ...pool, status: { ...pool.status, phase: 'Failed', conditions } });
    }
    for (const mount of ownMounts) {
      if (!isDeleting(mount)) await reportMount(api, mount, name, { phase: 'Failed', reason: 'OtherName', message });
    }
  }
}

function isOurs({ metadata }: Node): boolean {
  return metadata.annotations?.[firstPoolMark] !== undefined;
}
