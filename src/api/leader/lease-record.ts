import type { Lease } from '../../model/kinds/core.ts';

/** What is to be known of a Lease to decide who leads. */
export interface LeaseRecord {
  readonly holder: string;
  /** Milliseconds that it is valid after it was last renewed. */
  readonly duration: number;
}

/** Reads a Lease; one that nobody holds has the holder ''. */
export function recordOf({ spec }: Lease): LeaseRecord {
  return { holder: spec?.holderIdentity ?? '', duration: (spec?.leaseDurationSeconds ?? 0) * 1_000 };
}

/** True if a renewal, or anything else, was written between the two. */
export function isRenewed(before: Lease | undefined, after: Lease): boolean {
  const [a, b] = [before?.spec, after.spec];
  return (
    !before ||
    a?.renewTime !== b?.renewTime ||
    a?.holderIdentity !== b?.holderIdentity ||
    a?.leaseTransitions !== b?.leaseTransitions
  );
}

/** The Lease as its next holder writes it: taken over, or renewed. */
export function heldBy(identity: string, lease: Lease, duration: number, now = new Date()): Lease {
  const { spec } = lease;
  const mine = spec?.holderIdentity === identity;
  const transitions = spec?.leaseTransitions ?? 0;
  return {
    ...lease,
    spec: {
      ...spec,
      holderIdentity: identity,
      leaseDurationSeconds: Math.ceil(duration / 1_000),
      acquireTime: mine ? (spec?.acquireTime ?? microTime(now)) : microTime(now),
      renewTime: microTime(now),
      leaseTransitions: mine || !spec?.holderIdentity ? transitions : transitions + 1,
    },
  };
}

/** The Lease as its holder leaves it, for anybody to take at once. */
export function released(lease: Lease, now = new Date()): Lease {
  return {
    ...lease,
    spec: { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(now) },
  };
}

/** Kubernetes' MicroTime. */
function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
