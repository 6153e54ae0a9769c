/** A program that is built from a Go module. */
export interface Tool {
  readonly name: string;
  /** The import path of its main package. */
  readonly package: string;
  /** True if it is a package of tests, which `go test -c` makes a program of. */
  readonly tests?: true;
}

/** Programs that come from one Go module, and so share one go.mod in the folder of that name beside this file. */
export interface Family {
  readonly folder: string;
  /** The module that has the programs; its version stands in the go.mod. */
  readonly module: string;
  readonly tools: readonly Tool[];
  /** Variables that the linker sets to the version. */
  readonly versionVariables?: readonly string[];
}

/** The minor version of Kubernetes that is run unless a cluster has another, chosen by `MOORAGE_KUBE_VERSION`. */
export const kubeVersion = process.env['MOORAGE_KUBE_VERSION'] || '1.34';

const kubernetes = 'k8s.io/kubernetes';
const csi = 'github.com/kubernetes-csi';

/** Everything that can be built, in the order in which it is of use; Kubernetes itself in a minor version. */
export const familiesOf = (version: string): readonly Family[] => [
  {
    folder: 'etcd',
    module: 'go.etcd.io/etcd/server/v3',
    tools: [{ name: 'etcd', package: 'go.etcd.io/etcd/server/v3' }],
  },
  {
    folder: `kubernetes-${version}`,
    module: kubernetes,
    tools: [
      ...['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kubectl', 'kube-proxy'].map(
        (name) => ({ name, package: `${kubernetes}/cmd/${name}` }),
      ),
      { name: 'agnhost', package: `${kubernetes}/test/images/agnhost` },
      { name: 'ginkgo', package: 'github.com/onsi/ginkgo/v2/ginkgo' },
      { name: 'e2e.test', package: `${kubernetes}/test/e2e`, tests: true },
    ],
    versionVariables: ['k8s.io/component-base/version.gitVersion', 'k8s.io/client-go/pkg/version.gitVersion'],
  },
  // Clients of other ages than the cluster, which the embedded API is tried with.
  ...['1.27', '1.34'].map((minor) => ({
    folder: `kubectl-${minor}`,
    module: 'k8s.io/kubectl',
    tools: [{ name: `kubectl-${minor}`, package: '.' }],
    versionVariables: ['k8s.io/component-base/version.gitVersion'],
  })),
  {
    folder: 'helm',
    module: 'helm.sh/helm/v3',
    tools: [{ name: 'helm', package: 'helm.sh/helm/v3/cmd/helm' }],
    versionVariables: ['helm.sh/helm/v3/internal/version.version'],
  },
  {
    folder: 'coredns',
    module: 'github.com/coredns/coredns',
    tools: [{ name: 'coredns', package: 'github.com/coredns/coredns' }],
  },
  {
    folder: 'csi-resizer',
    module: `${csi}/external-resizer/v2`,
    tools: [{ name: 'csi-resizer', package: `${csi}/external-resizer/v2/cmd/csi-resizer` }],
    versionVariables: ['main.version'],
  },
  {
    folder: 'external-snapshotter',
    module: `${csi}/external-snapshotter/v8`,
    tools: ['snapshot-controller', 'csi-snapshotter'].map((name) => ({
      name,
      package: `${csi}/external-snapshotter/v8/cmd/${name}`,
    })),
    versionVariables: ['main.version'],
  },
  {
    folder: 'csi-attacher',
    module: `${csi}/external-attacher/v4`,
    tools: [{ name: 'csi-attacher', package: `${csi}/external-attacher/v4/cmd/csi-attacher` }],
    versionVariables: ['main.version'],
  },
];
