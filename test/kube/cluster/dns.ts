import { exec } from '../../../src/lib/exec.ts';
import { tool } from '../tools/build.ts';
import { makeUser, write } from './credentials.ts';
import type { Layout } from './layout.ts';
import type { Network } from './network.ts';
import { Processes } from './processes.ts';

const role = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: moorage-kube:dns }
rules:
  - { apiGroups: [''], resources: [endpoints, services, pods, namespaces], verbs: [list, watch] }
  - { apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: moorage-kube:dns }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: moorage-kube:dns }
subjects: [{ apiGroup: rbac.authorization.k8s.io, kind: User, name: coredns }]
`;

const corefile = (address: string, kubeconfig: string) => `.:53 {
  bind ${address}
  errors
  ready ${address}:8181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig}
    ttl 5
  }
}
`;

/** Starts the name server of a cluster, at the address of its bridge, which pods of every node reach. */
export async function startNameServer(layout: Layout, network: Network, server: string): Promise<void> {
  const processes = new Processes(layout);
  if ((await processes.pid('coredns')) !== undefined) return;
  const env = { KUBECONFIG: layout.adminKubeconfig };
  await exec(['kubectl', 'apply', '--validate=false', '-f', '-'], { env, input: role });
  const user = { commonName: 'coredns', organization: 'moorage-kube' };
  const kubeconfig = await makeUser(layout, 'coredns', user, server);
  await write(layout.config('Corefile'), corefile(network.host, kubeconfig));
  await processes.start('coredns', [await tool('coredns'), '-conf', layout.config('Corefile')]);
  await processes.ready('coredns', 30, async () => (await fetch(`http://${network.host}:8181/ready`)).ok);
}
