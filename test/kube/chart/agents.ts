import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail } from '../../../src/lib/errors.ts';
import type { Cluster } from '../cluster/index.ts';
import { home } from '../support/install.ts';

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly nodeName: string };
}

/** One who has the token of a node's agent, and nothing else. */
export interface Impostor extends AsyncDisposable {
  kubectl(...args: string[]): Promise<string>;
}

/** Runs kubectl with the token that the agent of a node has: bound to its pod, as the kubelet asks for it. */
export async function asAgent(cluster: Cluster, node: string): Promise<Impostor> {
  const admin = (...args: string[]) => cluster.kubectl(['-n', home, ...args]);
  const listed = await admin('get', 'pods', '-l', 'app.kubernetes.io/component=agent', '-o', 'json');
  const pod = (JSON.parse(listed) as { items: Pod[] }).items.find(({ spec }) => spec.nodeName === node);
  if (!pod) fail('not-found', `there is no agent on ${node}`);
  const bound = ['--bound-object-kind=Pod', `--bound-object-name=${pod.metadata.name}`];
  const token = await admin('create', 'token', 'moorage-agent', ...bound, `--bound-object-uid=${pod.metadata.uid}`);
  const config = JSON.parse(await admin('config', 'view', '--raw', '-o', 'json')) as Record<string, unknown>;
  const [context] = config['contexts'] as { name: string; context: { cluster: string } }[];
  const own = {
    ...config,
    users: [{ name: 'agent', user: { token: token.trim() } }],
    contexts: [{ name: 'agent', context: { cluster: context?.context.cluster, user: 'agent' } }],
    'current-context': 'agent',
  };
  const file = join(cluster.layout.directory, `agent-${node}.kubeconfig`);
  await writeFile(file, JSON.stringify(own), { mode: 0o600 });
  return {
    kubectl: (...args) => cluster.kubectl([`--kubeconfig=${file}`, ...args]),
    [Symbol.asyncDispose]: () => rm(file),
  };
}
