import { Controller, type Result } from '../../api/controller.ts';
import { timestamp } from '../../lib/clock.ts';
import { isCode } from '../../lib/errors.ts';
import { type Difference, type Inventory, inventories, pools } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { withConditions } from '../conditions.ts';
import { lookAtLinks } from '../inventory/cluster-links.ts';
import type { ClusterView } from './cluster-view.ts';

const lookAgain = 10_000;

/**
 * Answers each Inventory that names no node: makes one for each node that has a pool, which that node's agent answers,
 * and puts their answers together with what the objects say of each other. A node that is not there can't be looked at,
 * and is named.
 */
export function createInventoryOfAll(view: ClusterView): Controller {
  const { api, log } = view.options;
  const partsOf = api
    .informer(inventories)
    .index('cluster/parts', ({ metadata }) => (metadata.ownerReferences ?? []).map(({ uid }) => uid));
  const reconcile = async (name: string): Promise<Result> => {
    const inventory = api.informer(inventories).get({ name });
    const phase = inventory?.status?.phase;
    if (!inventory || inventory.spec.node !== undefined || isDeleting(inventory)) return {};
    if (phase === 'Completed' || phase === 'Failed') return {};
    const present = new Map(partsOf(inventory.metadata.uid ?? '').map((part) => [part.spec.node ?? '', part]));
    const parts = await Promise.all(
      nodesWithPools(view).map(async (node) => ({
        node,
        part: present.get(node) ?? (await ask(view, inventory, node)),
      })),
    );
    const open = parts.filter(({ node, part }) => !isDone(part) && view.liveness.whyNot(node) === undefined);
    if (open.length > 0) return { again: lookAgain };
    await answer(view, inventory, parts);
    return {};
  };
  return new Controller({ name: 'inventory-of-all', log, concurrency: 1, reconcile }).watch(
    api.informer(inventories),
    ({ metadata }) => [metadata.name, ...(metadata.ownerReferences ?? []).map(({ name }) => name)],
  );
}

function nodesWithPools({ options: { api } }: ClusterView): readonly string[] {
  return [...new Set([...api.informer(pools).list()].flatMap(({ spec }) => spec.node ?? []))].sort();
}

function isDone(part: Inventory | undefined): boolean {
  return part?.status?.phase === 'Completed' || part?.status?.phase === 'Failed';
}

/** The Inventory of one node, which goes with that of all. */
async function ask({ options: { api } }: ClusterView, of: Inventory, node: string): Promise<Inventory | undefined> {
  const { name, uid = '' } = of.metadata;
  const { apiVersion, kind } = of;
  const ownerReferences = [{ apiVersion, kind, name, uid, controller: true }];
  const metadata = { name: `${name}-${node}`, ownerReferences };
  try {
    return await api.create(inventories, { apiVersion, kind, metadata, spec: { ...of.spec, node } });
  } catch (error) {
    if (!isCode(error, 'already-exists')) throw error;
    return undefined;
  }
}

async function answer(
  { options: { api }, liveness }: ClusterView,
  inventory: Inventory,
  parts: readonly { readonly node: string; readonly part: Inventory | undefined }[],
): Promise<void> {
  const differences: Difference[] = [
    ...parts.flatMap(({ node, part }) => (part?.status?.differences ?? []).map((it) => ({ ...it, node }))),
    ...(await lookAtLinks(api)),
  ];
  const missing = parts.flatMap(({ node, part }) => {
    if (part?.status?.phase === 'Completed') return [];
    const said = part?.status?.conditions?.find(({ type }) => type === 'Ready')?.message;
    return [`${node} could not be looked at: ${said ?? liveness.whyNot(node)}`];
  });
  const found = differences.length === 0 ? 'everything agrees' : `${differences.length} differences`;
  const message = [found, ...missing].join('; ');
  const phase = missing.length === 0 ? ('Completed' as const) : ('Failed' as const);
  const conditions = withConditions(inventory.status?.conditions, [
    { type: 'Ready', status: missing.length === 0 ? 'True' : 'False', reason: phase, message },
  ]);
  const status = { ...inventory.status, phase, differences, completionTime: timestamp(), conditions };
  await api.updateStatus(inventories, { ...inventory, status });
}
