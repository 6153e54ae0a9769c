export { type ConnectOptions, connectKube, type KubeApi } from './kube-api.ts';
export { type Connection, type KubeconfigOptions, loadConnection } from './kubeconfig.ts';
