import { largestVolume, topologyKey } from '../../model/kinds/moorage.ts';
import { countable } from '../../model/quantity.ts';
import { larger, roundDown, smaller } from '../../model/sizes.ts';
import { type PoolOffer, poolsFor, promisable } from '../../volumes/placement/place.ts';

/** Which volumes a question for capacity is about. */
export interface CapacityQuestion {
  readonly pool?: string | undefined;
  readonly poolSelector?: string | undefined;
  readonly mode: 'Filesystem' | 'Block';
  readonly provisioning: 'thin' | 'thick';
  /** Where; undefined for anywhere. */
  readonly segments: Readonly<Record<string, string>> | undefined;
}

/** Bytes that can still be promised: in all, and to a single volume. */
export interface Capacity {
  readonly available: bigint;
  readonly largest: bigint;
}

/** What the pools can still promise to such volumes, in whole units of each. */
export function capacityFor(question: CapacityQuestion, offers: readonly PoolOffer[]): Capacity {
  const { mode, provisioning, segments } = question;
  const node = segments?.[topologyKey];
  const fitting = poolsFor(question, offers).filter(
    (offer) =>
      offer.notReady === undefined &&
      (segments === undefined || offer.node === node) &&
      (mode === 'Filesystem' || offer.features?.block !== false),
  );
  const sizes = fitting.map((offer) => roundDown(promisable(offer, provisioning), offer.features?.unit));
  const largest = sizes.reduce(larger, 0n);
  const available = sizes.reduce((sum, size) => sum + size, 0n);
  return { available: countable(available), largest: smaller(largest, largestVolume) };
}
