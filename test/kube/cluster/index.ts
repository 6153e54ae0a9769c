export { Cluster } from './cluster.ts';
export { defaultDirectory } from './layout.ts';
export type { Network } from './network.ts';
export type { Node } from './node.ts';
export {
  attachCluster,
  type ClusterOptions,
  type ControlPlaneOptions,
  startCluster,
  startControlPlane,
} from './up.ts';
export { until } from './wait.ts';
