import { timestamp } from '../lib/clock.ts';
import { type Condition, isDeleting, type KubeObject } from '../model/object.ts';

/** The reason of a Volume or Snapshot that is being deleted, some of whose bytes can't be. */
export const deleteFailed = 'DeleteFailed';

/** The reason of a Volume or Snapshot that is being deleted, while something else still needs its bytes. */
export const referenced = 'StillReferenced';

/** The reason of a Pool that was there, but whose file system has shut down. */
export const poolBroken = 'FilesystemFailed';

/** The reason of a Volume that can't be used now, since its pool can't. */
export const poolNotReady = 'PoolNotReady';

/** The type of the condition that says that a Volume's deletion was asked for while a node had it. */
export const deletionAsked = 'DeletionAsked';

/** Whether the deletion of a Volume was asked for, and no node has taken it since. */
export function isUnwanted({ status }: { status?: { conditions?: Condition[] | undefined } | undefined }): boolean {
  return status?.conditions?.some((it) => it.type === deletionAsked && it.status === 'True') ?? false;
}

/** What a condition says; when it last flipped is worked out from what it said before. */
export type Statement = Pick<Condition, 'type' | 'status'> & { readonly reason: string; readonly message: string };

/** The conditions with these statements in them. lastTransitionTime moves only when a status flips. */
export function withConditions(
  present: readonly Condition[] | undefined,
  statements: readonly Statement[],
  generation?: number,
): Condition[] {
  const stated = statements.map((statement): Condition => {
    const before = present?.find(({ type }) => type === statement.type);
    const since = before?.status === statement.status ? before.lastTransitionTime : undefined;
    return {
      ...statement,
      lastTransitionTime: since ?? timestamp(),
      ...(generation !== undefined && { observedGeneration: generation }),
    };
  });
  const kept = (present ?? []).map((it) => stated.find(({ type }) => type === it.type) ?? it);
  return [...kept, ...stated.filter((it) => !kept.includes(it))];
}

/** True if the conditions already say all of that. */
export function alreadySay(present: readonly Condition[] | undefined, statements: readonly Statement[]): boolean {
  return statements.every((statement) => {
    const found = present?.find(({ type }) => type === statement.type);
    return (
      found?.status === statement.status && found.reason === statement.reason && found.message === statement.message
    );
  });
}

/** Whether a Volume or Snapshot is to go, and its bytes may go any moment: it is deleted, and nothing is known to need it. */
export function isGoing(
  object: KubeObject & { status?: { conditions?: Condition[] | undefined } | undefined },
): boolean {
  return isDeleting(object) && !object.status?.conditions?.some(({ reason }) => reason === referenced);
}
