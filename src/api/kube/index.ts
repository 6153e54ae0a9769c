import { type KubeconfigOptions, loadConnection } from './credentials/kubeconfig.ts';
import { type ConnectOptions, type KubeApi, openKubeApi } from './kube-api.ts';

export type { Connection } from './credentials/connection.ts';
export { inClusterConnection, isInCluster } from './credentials/in-cluster.ts';
export { type KubeconfigOptions, loadConnection } from './credentials/kubeconfig.ts';
export { type ConnectOptions, type KubeApi, openKubeApi } from './kube-api.ts';

/** The Api port over HTTPS, as a kubeconfig says. Throws as loadConnection does. */
export function connectKube(options: KubeconfigOptions & Pick<ConnectOptions, 'log' | 'views'> = {}): KubeApi {
  const { log, views } = options;
  return openKubeApi({ connection: loadConnection(options), log, views });
}
