import { isDeepStrictEqual } from 'node:util';
import type { Api } from '../api/api.ts';
import { services } from '../model/kinds/core.ts';

const ref = { namespace: 'default', name: 'kubernetes' };

/**
 * Ensures the Service by which clients expect to find the API. There is no network of Services here: it has no address
 * of its own, and its port is that which the API is served on. Writes nothing if it says so already.
 */
export async function ensureApiService(api: Api, port: number): Promise<void> {
  const found = await api.get(services, ref);
  const spec = {
    type: 'ClusterIP',
    clusterIP: 'None',
    clusterIPs: ['None'],
    ports: [{ name: 'https', protocol: 'TCP', port, targetPort: port }],
    sessionAffinity: 'None',
  };
  if (found && isDeepStrictEqual(found.spec, spec)) return;
  const labels = { component: 'apiserver', provider: 'kubernetes' };
  if (found) await api.update(services, { ...found, spec });
  else await api.create(services, { apiVersion: 'v1', kind: 'Service', metadata: { ...ref, labels }, spec });
}
