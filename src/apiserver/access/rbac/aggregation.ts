import type { Api } from '../../../api/api.ts';
import { same } from '../../../api/embedded/frozen.ts';
import { codeOf, isCode } from '../../../lib/errors.ts';
import type { Log } from '../../../lib/log.ts';
import { matchesLabels } from '../../../model/claims/selectors.ts';
import { type ClusterRole, clusterRoles, type PolicyRule } from '../../../model/kinds/index.ts';

/**
 * The rules that a ClusterRole with an aggregationRule has by those of the others, sorted by their names; each once.
 * One that gathers may itself be gathered: of it, what it gathers counts, so that roles which gather each other in a
 * circle come to rest.
 */
export function aggregatedRules(role: ClusterRole, all: readonly ClusterRole[]): PolicyRule[] {
  const gathered = new Map<string, ClusterRole>();
  const gather = ({ aggregationRule }: ClusterRole): void => {
    for (const selector of aggregationRule?.clusterRoleSelectors ?? [])
      for (const other of all) {
        const { name, labels } = other.metadata;
        if (gathered.has(name) || !matchesLabels(selector, labels)) continue;
        gathered.set(name, other);
        gather(other);
      }
  };
  gather(role);
  const sources = [...gathered.values()].filter(({ aggregationRule }) => !aggregationRule);
  sources.sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1));
  const rules = new Map(sources.flatMap((it) => it.rules ?? []).map((rule) => [JSON.stringify(rule), rule]));
  return [...rules.values()];
}

/**
 * Keeps the rules of ClusterRoles that have an aggregationRule what the others make them. Resolves when they are;
 * after each change of a ClusterRole they are again soon.
 */
export async function keepAggregated(api: Api, log: Log): Promise<Disposable> {
  const informer = api.informer(clusterRoles);
  let isScheduled = true;
  let isOver = false;
  const run = async (): Promise<void> => {
    isScheduled = false;
    const stale = staleOf([...informer.list()]);
    await Promise.all(stale.map((role) => api.update(clusterRoles, role).catch(overtaken)));
  };
  const watching = informer.onChange(() => {
    if (isScheduled || isOver) return;
    isScheduled = true;
    setImmediate(() => {
      run().catch((error: unknown) => {
        if (!isOver) log.error({ error, code: codeOf(error) }, 'ClusterRoles were not aggregated');
      });
    });
  });
  await run();
  return {
    [Symbol.dispose]: () => {
      isOver = true;
      watching[Symbol.dispose]();
    },
  };
}

/** The roles whose rules are not what the others make them, as they should be. */
function staleOf(all: readonly ClusterRole[]): ClusterRole[] {
  return all.flatMap((role) => {
    if (!role.aggregationRule) return [];
    const rules = aggregatedRules(role, all);
    return same(rules, role.rules ?? []) ? [] : [{ ...role, rules }];
  });
}

/** Somebody else was faster: then there is a change that leads here again. */
function overtaken(error: unknown): void {
  if (!isCode(error, 'conflict', 'not-found')) throw error;
}
