import type { Pool } from '../../model/kinds/moorage.ts';
import { topologyKey } from '../../model/kinds/moorage.ts';
import { bytesOf } from '../../model/quantity.ts';
import { larger } from './size.ts';

/** Which volumes a question for capacity is about. */
export interface CapacityQuestion {
  readonly pool: string | undefined;
  readonly mode: 'Filesystem' | 'Block';
  /** Where; undefined for anywhere. */
  readonly segments: Readonly<Record<string, string>> | undefined;
}

/** Bytes that can still be promised: in all, and to a single volume. */
export interface Capacity {
  readonly available: bigint;
  readonly largest: bigint;
}

/** What the pools can still promise to such volumes. A pool that is not Ready promises nothing. */
export function capacityFor(question: CapacityQuestion, pools: Iterable<Pool>): Capacity {
  const node = question.segments?.[topologyKey];
  const offers: bigint[] = [];
  for (const { metadata, status } of pools) {
    if (question.pool !== undefined && metadata.name !== question.pool) continue;
    if (status?.phase !== 'Ready' && status?.phase !== 'Degraded') continue;
    for (const place of status.nodes ?? []) {
      if (question.segments && place.node !== node) continue;
      if (question.mode === 'Block' && place.backend !== 'image') continue;
      offers.push(bytesOf(place.available ?? '0'));
    }
  }
  return {
    available: offers.reduce((sum, offer) => sum + offer, 0n),
    largest: offers.reduce(larger, 0n),
  };
}
