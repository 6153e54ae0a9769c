import type { Api } from '../../api/api.ts';
import { fail, isCode } from '../../lib/errors.ts';
import type { Kind } from '../../model/kind.ts';
import { mounts } from '../../model/kinds/index.ts';
import type { KubeObject } from '../../model/object.ts';

/** All objects of a kind; undefined if the API does not serve it, as a cluster has no Mounts. */
export async function listServed<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  namespace?: string,
): Promise<readonly T[] | undefined> {
  try {
    return (await api.list(kind, { namespace })).items;
  } catch (error) {
    if (isCode(error, 'not-found')) return undefined;
    throw error;
  }
}

/** Throws `unsupported` if the API has no Mounts, and says what has them in their place. */
export async function requireMounts(api: Api, doing: string): Promise<void> {
  if (await listServed(api, mounts, 'default')) return;
  fail(
    'unsupported',
    `${doing}: in a Kubernetes cluster pods mount claims; name the claim in the volumes of a Pod, as persistentVolumeClaim`,
  );
}
