import type { Api } from '../../api/api.ts';
import { isCode } from '../../lib/errors.ts';
import type { Kind } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';

/** All objects of a kind; none if the cluster does not serve it, as it may have no snapshots. */
export async function listAll<T extends KubeObject>(api: Api, kind: Kind<T>): Promise<readonly T[]> {
  const found: T[] = [];
  try {
    let from: string | undefined;
    do {
      const page = await api.list(kind, { limit: 500, continue: from });
      found.push(...page.items);
      from = page.continue;
    } while (from !== undefined && from !== '');
  } catch (error) {
    if (!isCode(error, 'not-found')) throw error;
  }
  return found;
}
