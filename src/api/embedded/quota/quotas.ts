import { type Kind, resourceOf } from '../../../model/kind.ts';
import { type ResourceQuota, resourceQuotas } from '../../../model/kinds/core.ts';
import type { KubeObject } from '../../../model/object.ts';
import { bytesOf, canonicalQuantity } from '../../../model/quantity.ts';
import { type Admission, forbidden, type Request } from '../admission/admission.ts';
import { same } from '../frozen.ts';
import type { Follower, Transaction } from '../store.ts';
import { type Amount, isInScope, printAmount, usageOf } from './usage.ts';

/** A quota, and what its namespace uses of it. */
interface Counted {
  quota: ResourceQuota;
  /** In whole units, by name. */
  hard: ReadonlyMap<string, bigint>;
  /** By name, for each name that spec.hard has and something counts for; undefined until it is counted. */
  used: Map<string, Omit<Amount, 'name'>> | undefined;
}

type State = Pick<Transaction, 'list'>;

/**
 * Keeps ResourceQuotas. What a namespace uses is a running sum that follows each object as it comes, changes and goes,
 * also where a write is undone, so that a check costs the same however many objects there are. A write is checked in
 * the step in which it happens, and status.used follows in the same group of writes.
 */
export class Quotas implements Follower {
  readonly #kinds: () => readonly Kind[];
  readonly #namespaces = new Map<string, Map<string, Counted>>();
  readonly #changed = new Set<Counted>();

  /** `kinds`: all that are served. */
  constructor(kinds: () => readonly Kind[]) {
    this.#kinds = kinds;
  }

  /** Refuses what would exceed a quota, in Kubernetes' words. The last of all rules, as there. */
  readonly rule: Admission = { check: (request) => this.#check(request) };

  follow(kind: Kind, before: KubeObject | undefined, after: KubeObject | undefined): void {
    if (!kind.namespaced) return;
    if (resourceOf(kind) === resourceOf(resourceQuotas)) this.#place(before, after);
    const namespace = (after ?? before)?.metadata.namespace ?? '';
    for (const counted of this.#namespaces.get(namespace)?.values() ?? []) {
      if (counted.used === undefined) continue;
      const isLess = before !== undefined && add(counted, kind, before, -1n);
      const isMore = after !== undefined && add(counted, kind, after, 1n);
      if (isLess || isMore) this.#changed.add(counted);
    }
  }

  settle(state: Transaction): void {
    for (const counted of this.#changed) {
      const { namespace = '', name } = counted.quota.metadata;
      const quota = state.get(resourceQuotas, { namespace, name });
      if (!quota) continue;
      const used: Record<string, string> = {};
      for (const [key, { units, isBinary }] of this.#usedOf(counted, state)) used[key] = printAmount(units, isBinary);
      const status = { hard: quota.spec?.hard ?? {}, used };
      if (!same(quota.status, status)) state.put(resourceQuotas, { ...quota, status });
    }
    this.#changed.clear();
  }

  /** Counts anew: other kinds are served now. */
  recount(): void {
    for (const quotas of this.#namespaces.values()) {
      for (const counted of quotas.values()) {
        counted.used = undefined;
        this.#changed.add(counted);
      }
    }
  }

  #check({ operation, kind, object, old, state }: Request): void {
    if (operation === 'delete' || !kind.namespaced) return;
    const quotas = this.#namespaces.get(object.metadata.namespace ?? '');
    if (!quotas) return;
    const more = increase(usageOf(kind, object), old && usageOf(kind, old));
    if (more.length === 0) return;
    for (const counted of [...quotas.values()].sort(byName)) {
      if (!isInScope(counted.quota, kind, object)) continue;
      const { hard, quota } = counted;
      const used = this.#usedOf(counted, state);
      const exceeded = more.filter(({ name, units }) => {
        const limit = hard.get(name);
        return limit !== undefined && (used.get(name)?.units ?? 0n) + units > limit;
      });
      if (exceeded.length === 0) continue;
      exceeded.sort((a, b) => (a.name < b.name ? -1 : 1));
      const print = (textOf: (amount: Amount) => string) =>
        exceeded.map((amount) => `${amount.name}=${textOf(amount)}`).join(',');
      const requested = print(({ units, isBinary }) => printAmount(units, isBinary));
      const present = print(({ name }) => printAmount(used.get(name)?.units ?? 0n, used.get(name)?.isBinary ?? false));
      const limited = print(({ name }) => canonicalQuantity(quota.spec?.hard?.[name] ?? '0'));
      throw forbidden(
        kind,
        object.metadata.name,
        `exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${present}, limited: ${limited}`,
      );
    }
  }

  /** A quota that is new, or asks for something else than before, is counted when that is needed first. */
  #place(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const { namespace = '', name } = (after ?? before)?.metadata ?? { name: '' };
    const quotas = this.#namespaces.get(namespace) ?? new Map<string, Counted>();
    const known = quotas.get(name);
    if (!after) {
      quotas.delete(name);
      if (known) this.#changed.delete(known);
      if (quotas.size === 0) this.#namespaces.delete(namespace);
      return;
    }
    // Only the store calls, and it puts a kind's own objects into its collection.
    const quota = after as ResourceQuota;
    const isAsBefore = known !== undefined && same(known.quota.spec, quota.spec);
    const used = isAsBefore ? known.used : undefined;
    const hard = isAsBefore ? known.hard : limitsOf(quota);
    const counted = Object.assign(known ?? {}, { quota, hard, used });
    quotas.set(name, counted);
    this.#namespaces.set(namespace, quotas);
    this.#changed.add(counted);
  }

  #usedOf(counted: Counted, state: State): ReadonlyMap<string, Omit<Amount, 'name'>> {
    if (counted.used) return counted.used;
    const names = [...counted.hard.keys()].filter((name) => this.#isCounted(name));
    counted.used = new Map(names.map((name) => [name, { units: 0n, isBinary: false }]));
    for (const kind of this.#kinds()) {
      if (!kind.namespaced) continue;
      for (const object of state.list(kind, counted.quota.metadata.namespace)) add(counted, kind, object, 1n);
    }
    return counted.used;
  }

  /** Whether anything that is served can count for a name. */
  #isCounted(wanted: string): boolean {
    if (/^([^/]+\.storageclass\.storage\.k8s\.io\/)?(requests\.storage|persistentvolumeclaims)$/.test(wanted)) {
      return true;
    }
    const nothing = { apiVersion: '', kind: '', metadata: { name: '' }, spec: {} };
    return this.#kinds().some((kind) => kind.namespaced && usageOf(kind, nothing).some(({ name }) => name === wanted));
  }
}

function limitsOf({ spec }: ResourceQuota): Map<string, bigint> {
  return new Map(Object.entries(spec?.hard ?? {}).map(([name, limit]) => [name, bytesOf(limit)]));
}

/** Adds an object's usage to a quota's, or takes it off. Returns whether that has changed anything. */
function add({ quota, used }: Counted, kind: Kind, object: KubeObject, sign: 1n | -1n): boolean {
  if (!used || !isInScope(quota, kind, object)) return false;
  let isChanged = false;
  for (const { name, units, isBinary } of usageOf(kind, object)) {
    const sum = used.get(name);
    if (sum === undefined) continue;
    // As Kubernetes adds: in the first one's notation, as long as there is anything.
    used.set(name, { units: sum.units + sign * units, isBinary: sum.units === 0n ? isBinary : sum.isBinary });
    isChanged = true;
  }
  return isChanged;
}

/** What an object takes more than before, of what it takes more. */
function increase(now: readonly Amount[], before: readonly Amount[] = []): Amount[] {
  const changes = now.map((amount) => {
    const was = before.find(({ name }) => name === amount.name)?.units ?? 0n;
    return { ...amount, units: amount.units - was };
  });
  return changes.filter(({ units }) => units > 0n);
}

function byName({ quota: one }: Counted, { quota: other }: Counted): number {
  return one.metadata.name < other.metadata.name ? -1 : 1;
}
