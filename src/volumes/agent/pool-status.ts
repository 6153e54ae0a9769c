import { isDeepStrictEqual } from 'node:util';
import type { PoolFeatures } from '../../engines/engine.ts';
import type { Pool } from '../../model/kinds/moorage.ts';
import { bytesOf, formatBytes } from '../../model/quantity.ts';
import { alreadySay, poolBroken, type Statement, withConditions } from '../conditions.ts';
import { type PoolOffer, promisable } from '../placement/place.ts';
import type { PoolState } from './node-storage.ts';

type Status = NonNullable<Pool['status']>;
type NodeStatus = NonNullable<Status['nodes']>[number];

const mebibyte = 1n << 20n;
const nearlyFull = 85n;
const full = 95n;
/** Percent of the capacity that a figure has to move by. */
const newsworthy = 1n;

/**
 * The status that a pool should have after a look at it, or undefined if the one that it has is good enough: figures
 * that moved by less than 1 % of the capacity are not news, unless something was promised or given back, or they are
 * wanted exactly. Pure.
 */
export function poolStatus(
  pool: Pool,
  node: string,
  state: PoolState,
  offer: PoolOffer,
  { exactly = false, beside = 0n }: { readonly exactly?: boolean; readonly beside?: bigint } = {},
): Status | undefined {
  const before = pool.status?.nodes?.find((it) => it.node === node);
  const { shared: _, ...known } = before ?? {};
  const seen = { ...known, ...(state.ready ? figures(node, state, offer, beside) : { node }) };
  const statements = statementsOf(state);
  const phase = !state.ready ? 'Failed' : statements.some(isFull) ? 'Degraded' : 'Ready';
  const features = state.ready ? printFeatures(state.features) : pool.status?.features;
  const same =
    pool.status?.phase === phase &&
    saysTheSame(pool, statements) &&
    !isNews(before, seen, exactly ? 0n : newsworthy) &&
    isDeepStrictEqual(pool.status.features, features);
  if (same) return undefined;
  const others = (pool.status?.nodes ?? []).filter((it) => it.node !== node);
  return {
    ...pool.status,
    phase,
    ...(features && { features }),
    nodes: [...others, seen],
    conditions: withConditions(pool.status?.conditions, statements, pool.metadata.generation),
  };
}

function printFeatures(features: PoolFeatures): NonNullable<Status['features']> {
  return { ...features, fsTypes: [...features.fsTypes], unit: formatBytes(features.unit) };
}

function figures(node: string, state: PoolState & { ready: true }, offer: PoolOffer, beside: bigint): NodeStatus {
  const { backend, why, path, wiped, capacity } = state;
  return {
    node,
    backend,
    why,
    path,
    ...(wiped !== undefined && { wiped }),
    total: words(capacity.total),
    used: words(capacity.used),
    free: words(capacity.available),
    ...(beside > 0n && { shared: words(beside) }),
    allocated: words(offer.promised),
    available: words(promisable(offer, 'thin')),
  };
}

/** In whole mebibytes, which read better, and never more than there is. */
function words(bytes: bigint): string {
  return formatBytes(bytes - (bytes % mebibyte));
}

function statementsOf(state: PoolState): Statement[] {
  if (!state.ready)
    return [{ type: 'Ready', status: 'False', reason: state.broken ? poolBroken : 'NotOpen', message: state.why }];
  const { capacity, backend, why, features } = state;
  const percent = capacity.total > 0n ? ((capacity.total - capacity.available) * 100n) / capacity.total : 100n;
  const enforced = !features.sizeEnforced ? '; the sizes of its volumes are not enforced' : '';
  const message = `${backend} backend, because ${why}${enforced}`;
  const remedy = 'delete volumes or snapshots, or grow the pool (spec.size, or the disk under it)';
  return [
    { type: 'Ready', status: 'True', reason: 'Open', message },
    level('NearlyFull', percent >= nearlyFull, `more than ${nearlyFull} % is used: ${remedy}`),
    level('Full', percent >= full, `more than ${full} % is used, and writes to volumes may soon fail: ${remedy}`),
  ];
}

function level(type: string, reached: boolean, message: string): Statement {
  return reached
    ? { type, status: 'True', reason: 'LittleSpaceLeft', message }
    : { type, status: 'False', reason: 'EnoughSpace', message: 'there is room' };
}

function isFull({ type, status }: Statement): boolean {
  return type === 'Full' && status === 'True';
}

function saysTheSame(pool: Pool, statements: readonly Statement[]): boolean {
  const { generation } = pool.metadata;
  const observed = pool.status?.conditions?.find(({ type }) => type === 'Ready')?.observedGeneration;
  return alreadySay(pool.status?.conditions, statements) && observed === generation;
}

function isNews(before: NodeStatus | undefined, now: NodeStatus, percent: bigint): boolean {
  if (!before || before.path !== now.path || before.why !== now.why || before.allocated !== now.allocated) return true;
  const total = bytesOf(now.total ?? '0');
  return (['total', 'used', 'free', 'available'] as const).some((figure) => {
    const moved = bytesOf(now[figure] ?? '0') - bytesOf(before[figure] ?? '0');
    return (moved < 0n ? -moved : moved) * 100n > total * percent;
  });
}
