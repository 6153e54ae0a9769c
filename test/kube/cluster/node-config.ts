import { stringify } from 'yaml';

/** The image that holds the namespaces of every pod. */
export const sandboxImage = 'registry.k8s.io/pause:3.10.1';

/** Where containerd listens, inside of a node. */
export const containerdSocket = '/run/containerd/containerd.sock';

/** containerd's configuration, version 2, as 1.6 and 1.7 take it. */
export function containerdConfig(systemdCgroup = false): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
# Snapshotters that would only complain that the kernel lacks something.
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
  address = "${containerdSocket}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${sandboxImage}"
  # Root may lack CAP_SYS_RESOURCE, and then runc cannot set a negative score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = ${systemdCgroup}
`;
}

/** The network of a node's pods: a bridge of the node, no address translation, for the other node knows the way. */
export function cniConfig(podRange: string): string {
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    ipMasq: false,
    hairpinMode: true,
    ipam: { type: 'host-local', ranges: [[{ subnet: podRange }]], routes: [{ dst: '0.0.0.0/0' }] },
  };
  return JSON.stringify({ cniVersion: '0.4.0', name: 'pods', plugins: [bridge] }, undefined, 2);
}

export interface KubeletChoices {
  readonly address: string;
  readonly cgroupRoot: string;
  readonly nameServer: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  readonly resolvConf: string;
}

/** The kubelet's configuration. */
export function kubeletConfig(choices: KubeletChoices): string {
  return stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: choices.address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: choices.authority },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: choices.certificate,
    tlsPrivateKeyFile: choices.key,
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: choices.cgroupRoot,
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    clusterDNS: [choices.nameServer],
    clusterDomain: 'cluster.local',
    resolvConf: choices.resolvConf,
    serializeImagePulls: false,
    // There is nowhere to pull an image from that was collected, and the disk is the machine's.
    evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '2%', 'imagefs.available': '2%' },
    imageGCHighThresholdPercent: 99,
    imageGCLowThresholdPercent: 98,
    // Tests kill the same container again and again; by itself the kubelet would let it wait up to five minutes.
    featureGates: { KubeletCrashLoopBackOffMax: true },
    crashLoopBackOff: { maxContainerRestartPeriod: '2s' },
  });
}
