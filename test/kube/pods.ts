import type { Cluster } from './cluster/index.ts';

/** The images that every node has: see test/kube/images. */
export const busybox = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';
/** A program with servers and clients of many kinds. */
export const agnhost = 'registry.k8s.io/e2e-test-images/agnhost:2.56';

/** Makes objects, in the order given. */
export async function apply(cluster: Cluster, ...objects: readonly object[]): Promise<void> {
  await cluster.kubectl(['apply', '-f', '-'], {
    input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }),
  });
}

/** A namespace of its own for one test, with all that is in it gone at its end. */
export async function namespace(cluster: Cluster, name: string): Promise<AsyncDisposable> {
  await apply(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  // Pods are refused before their namespace has this account.
  await cluster.kubectl(['wait', '-n', name, '--for=create', 'serviceaccount/default', '--timeout=30s']);
  return {
    [Symbol.asyncDispose]: async () => {
      await cluster.kubectl(['delete', 'namespace', name, '--wait']);
    },
  };
}
