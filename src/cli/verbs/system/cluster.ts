import type { Verb } from '../../verb.ts';

const common = [
  ['--kubeconfig <file>', 'the cluster to work in (default: that of the pod that this runs in)'],
  ['--namespace <name>', 'the namespace of Moorage itself (default: that of the pod, else moorage)'],
] as const;
const sidecars = [
  '--sidecars <whose>',
  'own, or upstream where those of the Kubernetes project call and register the driver (default: own)',
] as const;
const logLevel = ['--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default: info)'] as const;

/** The roles of a Kubernetes cluster, which its pods run. */
export const clusterVerbs: readonly Verb[] = [
  {
    usage: 'controller',
    summary: 'run the part of Moorage that a Kubernetes cluster needs once',
    details:
      'Serves the CSI controller service, and while it leads all of its kind, provisions, grows and snapshots what claims\nask for. Runs in a Deployment. POD_NAME and POD_NAMESPACE say which pod it is.',
    flags: [
      ...common,
      ['--csi-address <socket>', 'where to serve CSI to --sidecars upstream (default: /run/moorage/csi.sock)'],
      ['--metrics-address <address>', 'where to serve /metrics, /healthz and /readyz (default: :9810)'],
      sidecars,
      ['--direct-binding <boolean>', "bind new volumes here, ahead of Kubernetes' own binder (default: true)"],
      logLevel,
    ],
    examples: [
      ['moorage controller', 'in a pod'],
      ['moorage controller --kubeconfig admin.conf --csi-address /tmp/csi.sock', 'beside a cluster, to try it'],
    ],
    run: ({ flags, roles }) => roles.controller(flags),
  },
  {
    usage: 'agent',
    summary: 'run the part of Moorage that every node of a Kubernetes cluster needs',
    details:
      'Keeps the pools of this node and what is in them, and mounts volumes for its kubelet. Runs in a DaemonSet. NODE_NAME\nsays which node it is. What is mounted stays mounted when it ends.',
    flags: [
      ...common,
      ['--node <name>', 'the name of this node (default: NODE_NAME, else its host name)'],
      ['--data <directory>', 'where pools without a path, and records, are kept (default: /var/lib/moorage)'],
      ['--kubelet-dir <directory>', 'the directory of the kubelet (default: /var/lib/kubelet)'],
      ['--csi-address <socket>', 'where to serve CSI (default: plugins/csi.moorage.dev/csi.sock of the kubelet)'],
      ['--metrics-address <address>', 'where to serve /metrics, /healthz and /readyz (default: :9811)'],
      sidecars,
      ['--default-pool <boolean>', 'make a pool, if this node has none (default: true)'],
      ['--pool-path <path>', 'directory or unused disk of that pool (default: in the data directory)'],
      ['--backend <backend>', 'of that pool: auto, image or directory (default: auto)'],
      logLevel,
    ],
    examples: [
      ['moorage agent', 'in a pod'],
      ['moorage agent --default-pool=false', 'use only the pools that somebody makes'],
    ],
    run: ({ flags, roles }) => roles.agent(flags),
  },
  {
    usage: 'prepare-uninstall',
    summary: 'say whether Moorage may be taken away from a cluster, and remove what its agents made by themselves',
    details:
      'helm uninstall asks this first. Exit code 0 if it may. Volumes that no pod uses stand against it, unless the\nCSIDriver carries the annotation moorage.dev/keep-volumes=true.',
    isHidden: true,
    connects: true,
    flags: [['--undo <command>', 'what to tell a person to run who goes on with Moorage instead']],
    examples: [['moorage prepare-uninstall', 'and what stands against it']],
    run: async (call) => (await import('./prepare-uninstall.ts')).prepareUninstall(call),
  },
];
