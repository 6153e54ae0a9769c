import { timestamp } from '../lib/clock.ts';
import type { Condition } from '../model/object.ts';

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
