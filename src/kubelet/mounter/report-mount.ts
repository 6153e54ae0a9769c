import type { Api } from '../../api/api.ts';
import { timestamp } from '../../lib/clock.ts';
import { isCode } from '../../lib/errors.ts';
import { type Mount, mounts } from '../../model/kinds/index.ts';
import { type Condition, refTo } from '../../model/object.ts';

type Phase = NonNullable<NonNullable<Mount['status']>['phase']>;

/** What is known of a Mount, for its status. */
export interface MountReport {
  readonly phase: Phase;
  /** One word, for programs. */
  readonly reason: string;
  /** One sentence, for people. */
  readonly message: string;
  readonly volume?: string | undefined;
}

/**
 * Writes the report into the Mount's status, and returns whether that was news: what it says already is not written
 * again. No error if the Mount is gone.
 */
export async function reportMount(api: Api, mount: Mount, node: string, news: MountReport): Promise<boolean> {
  const before = mount.status;
  const old = before?.conditions?.find(({ type }) => type === 'Ready');
  const status = news.phase === 'Mounted' ? 'True' : 'False';
  const volume = news.volume ?? before?.volume;
  const same =
    before?.phase === news.phase &&
    before.node === node &&
    before.volume === volume &&
    old?.status === status &&
    old.reason === news.reason &&
    old.message === news.message;
  if (same) return false;
  const ready: Condition = {
    type: 'Ready',
    status,
    reason: news.reason,
    message: news.message,
    lastTransitionTime: old?.status === status ? old.lastTransitionTime : timestamp(),
    ...(mount.metadata.generation !== undefined && { observedGeneration: mount.metadata.generation }),
  };
  const others = before?.conditions?.filter(({ type }) => type !== 'Ready') ?? [];
  const next = { ...before, phase: news.phase, node, ...(volume && { volume }), conditions: [ready, ...others] };
  try {
    await api.updateStatus(mounts, { ...mount, status: next });
  } catch (error) {
    if (!isCode(error, 'not-found')) throw error;
  }
  return true;
}

/** The Mount as it is now, if it still is that one; otherwise as it was given. */
export function latest(api: Api, mount: Mount): Mount {
  const newest = api.informer(mounts).get(refTo(mount));
  return newest && newest.metadata.uid === mount.metadata.uid ? newest : mount;
}
