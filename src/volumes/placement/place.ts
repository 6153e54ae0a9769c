import type { PoolFeatures } from '../../engines/engine.ts';
import { messageOf } from '../../lib/errors.ts';
import { notForBindMounts } from '../../model/filesystems/mount.ts';
import type { Refusal } from '../../model/kinds/moorage.ts';
import { parseLabelSelector } from '../../model/label-selector.ts';
import { sizeWords } from '../../model/size-words.ts';
import { smaller } from '../../model/sizes.ts';

/** What a volume that is to be placed needs. */
export interface PlacementWish {
  /** The only pool to consider. */
  readonly pool?: string | undefined;
  /** Only pools with such labels, as kubectl writes it: `disk=nvme`. */
  readonly poolSelector?: string | undefined;
  /** Bytes. */
  readonly size: bigint;
  readonly mode: 'Filesystem' | 'Block';
  readonly provisioning: 'thin' | 'thick';
  /** Nodes that may hold it; undefined for all. */
  readonly nodes?: readonly string[] | undefined;
  /** Nodes to try first, in this order. */
  readonly preferredNodes?: readonly string[] | undefined;
  /** Where the source of a copy is: copies share their source's bytes, so they stay in its pool. */
  readonly source?: { readonly name: string; readonly pool: string; readonly node: string } | undefined;
  /** The options of its mounts: a pool of directories can only have those of bind mounts. */
  readonly mountFlags?: readonly string[] | undefined;
  /** What pools have said that were tried already: it counts for more than what is known of them. */
  readonly refused?: readonly Refusal[] | undefined;
}

/** A pool on a node, and what it has to give. All sizes are bytes. */
export interface PoolOffer {
  readonly pool: string;
  readonly node: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** True if nothing new is to start on its node: then it is the last to be chosen. */
  readonly cordoned?: boolean | undefined;
  /** Why it can't be used at the moment, or undefined if it can. */
  readonly notReady?: string | undefined;
  /** What its volumes can do; undefined where that is not known yet: then it is for the pool to say. */
  readonly features?: PoolFeatures | undefined;
  readonly total: bigint;
  /** What can really be written now. */
  readonly available: bigint;
  /** What volumes may grow to, and what snapshots hold. */
  readonly promised: bigint;
  /** How many times the capacity may be promised. */
  readonly overProvisioning: number;
  /** Never promised. */
  readonly reserve: bigint;
}

export type PlacementDecision =
  | { readonly placement: { readonly pool: string; readonly node: string } }
  | { readonly refusals: readonly Refusal[] };

/**
 * Chooses a pool for a volume, or says for every pool why not: of those that can hold it, the one on the most preferred
 * node, then one that keeps sizes and file systems before one of directories, then the one with most room that is
 * really there, and only then with most that can be promised. Pure.
 */
export function place(wish: PlacementWish, offers: readonly PoolOffer[]): PlacementDecision {
  const selector = whyNoSelector(wish);
  if (selector) return { refusals: [selector] };
  const considered = poolsFor(wish, offers);
  if (considered.length === 0) return { refusals: [noPool(wish)] };
  const judged = considered.map((offer) => ({ offer, refusal: judge(wish, offer) }));
  const fitting = judged.filter(({ refusal }) => refusal === undefined).map(({ offer }) => offer);
  const [best] = fitting.toSorted((one, other) => compare(wish, one, other));
  if (best) return { placement: { pool: best.pool, node: best.node } };
  return { refusals: judged.flatMap(({ refusal }) => refusal ?? []) };
}

/** What is wrong with a selector that can't be read. */
function whyNoSelector({ pool, poolSelector }: PlacementWish): Refusal | undefined {
  if (pool !== undefined || poolSelector === undefined) return undefined;
  try {
    parseLabelSelector(poolSelector);
    return undefined;
  } catch (error) {
    return { reason: 'SelectorInvalid', message: `its poolSelector can't be read: ${messageOf(error)}` };
  }
}

/**
 * The pools that a wish speaks of: the one that it names, or else those with its labels. Throws `invalid` for a selector
 * that can't be read.
 */
export function poolsFor(
  { pool, poolSelector }: Pick<PlacementWish, 'pool' | 'poolSelector'>,
  offers: readonly PoolOffer[],
): readonly PoolOffer[] {
  if (pool !== undefined) return offers.filter((offer) => offer.pool === pool);
  if (poolSelector === undefined) return offers;
  const selected = parseLabelSelector(poolSelector);
  return offers.filter(({ labels }) => selected(labels));
}

/** Bytes that the pool can still promise. For thick volumes, what is really there counts too. */
export function promisable(offer: PoolOffer, provisioning: 'thin' | 'thick'): bigint {
  const { total, available, promised, overProvisioning, reserve } = offer;
  const thin = smaller(times(total, overProvisioning) - reserve - promised, times(available, overProvisioning));
  const most = provisioning === 'thick' ? smaller(thin, available - reserve) : thin;
  return most > 0n ? most : 0n;
}

/** Why a pool can't promise so many bytes more, or undefined if it can. */
export function refuseFull(offer: PoolOffer, size: bigint, provisioning: 'thin' | 'thick'): Refusal | undefined {
  const most = promisable(offer, provisioning);
  if (size <= most) return undefined;
  const thick = provisioning === 'thick' ? ' thick' : '';
  return {
    pool: offer.pool,
    node: offer.node,
    reason: 'PoolFull',
    message: `pool ${offer.pool} on ${offer.node} can promise ${sizeWords(most)} more, ${sizeWords(size)}${thick} was asked for`,
  };
}

function judge(wish: PlacementWish, offer: PoolOffer): Refusal | undefined {
  const { pool, node } = offer;
  const where = `pool ${pool} on ${node}`;
  const said = wish.refused?.find((refusal) => refusal.pool === pool);
  if (said) return said;
  if (offer.notReady !== undefined) {
    return { pool, node, reason: 'PoolNotReady', message: `${where} is not ready: ${offer.notReady}` };
  }
  if (wish.nodes && !wish.nodes.includes(node)) {
    const allowed = wish.nodes.join(', ') || 'none';
    return {
      pool,
      node,
      reason: 'NodeNotAllowed',
      message: `${where} is on another node than is allowed (${allowed})`,
    };
  }
  if (wish.source && (wish.source.pool !== pool || wish.source.node !== node)) {
    const { name, pool: home } = wish.source;
    return {
      pool,
      node,
      reason: 'SourceElsewhere',
      message: `${where} does not hold ${name}, which is in pool ${home}`,
    };
  }
  const lacking = offer.features && whyLacking(wish, offer.features);
  if (lacking !== undefined) return { pool, node, reason: 'BackendUnsupported', message: `${where} ${lacking}` };
  return refuseFull(offer, wish.size, wish.provisioning);
}

/** What a wish needs and a pool can't do; undefined if it can do all of it. */
function whyLacking(wish: PlacementWish, features: PoolFeatures): string | undefined {
  if (wish.mode === 'Block' && !features.block) return 'keeps directories, and has no raw block';
  if (wish.source && !features.clones) return 'can make no copies of what is in it';
  if (wish.mode === 'Block' || features.fsTypes.length > 0) return undefined;
  const [ignored] = notForBindMounts(wish.mountFlags ?? []);
  return ignored && `keeps directories, which can't have the mount option ${ignored}`;
}

/** How much of what a volume promises is kept: that it has its size, and a file system of its own. */
function keeping({ features }: PoolOffer): number {
  if (!features) return 2;
  return Number(features.sizeEnforced) + Number(features.fsTypes.length > 0);
}

function noPool({ pool, poolSelector }: PlacementWish): Refusal {
  if (pool !== undefined) return { pool, reason: 'PoolNotFound', message: `there is no pool ${pool} on any node` };
  if (poolSelector === undefined) return { reason: 'NoPool', message: 'there is no pool; create one' };
  return { reason: 'NoPool', message: `no pool has labels that meet the selector ${poolSelector}; label one` };
}

function compare(wish: PlacementWish, one: PoolOffer, other: PoolOffer): number {
  const preferred = wish.preferredNodes ?? [];
  const rank = ({ node }: PoolOffer) => (preferred.includes(node) ? preferred.indexOf(node) : preferred.length);
  if (rank(one) !== rank(other)) return rank(one) - rank(other);
  if (Boolean(one.cordoned) !== Boolean(other.cordoned)) return one.cordoned ? 1 : -1;
  if (keeping(one) !== keeping(other)) return keeping(other) - keeping(one);
  for (const room of [realRoom, promisable]) {
    const [most, otherMost] = [room(one, wish.provisioning), room(other, wish.provisioning)];
    if (most !== otherMost) return most > otherMost ? -1 : 1;
  }
  return one.pool < other.pool ? -1 : 1;
}

/** Bytes that the pool could promise if it promised nothing twice. */
function realRoom(offer: PoolOffer, provisioning: 'thin' | 'thick'): bigint {
  return promisable({ ...offer, overProvisioning: Math.min(offer.overProvisioning, 1) }, provisioning);
}

/** To the thousandth, which is exact enough for a ratio that a person wrote. */
function times(bytes: bigint, ratio: number): bigint {
  return (bytes * BigInt(Math.round(ratio * 1000))) / 1000n;
}
