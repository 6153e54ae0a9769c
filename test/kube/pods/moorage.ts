import { attachCluster, type Cluster } from '../cluster/index.ts';
import { installMoorage } from '../support/install.ts';

/** The cluster under test with Moorage on it. `MOORAGE_KUBE_INSTALLED=1` takes it as it is, which saves a minute. */
export async function moorageCluster(): Promise<Cluster> {
  const cluster = await attachCluster();
  if (!process.env['MOORAGE_KUBE_INSTALLED']) await installMoorage(cluster);
  return cluster;
}
