import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generatedFiles } from '../../../scripts/reference.ts';
import { World } from '../../roles/world.ts';
import { Program } from '../../support/program.ts';
import { startControlPlane } from '../cluster/index.ts';

/** One of the two things that are compared: an API with everything of Moorage behind it. */
export interface Side extends AsyncDisposable {
  readonly name: 'embedded' | 'cluster';
  readonly kubeconfig: string;
}

/** The name of the one node, on both sides. */
export const nodeName = 'm1';

/** `moorage up`, as one machine has it. */
export async function openEmbedded(): Promise<Side> {
  await using open = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'moorage-differential-'));
  open.defer(() => rm(home, { recursive: true, force: true }));
  const program = new Program({ data: join(home, 'data'), args: ['--node', nodeName, '--backend', 'directory'] });
  open.defer(() => program.end('SIGTERM'));
  await program.start();
  const owned = open.move();
  return { name: 'embedded', kubeconfig: program.kubeconfig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A Kubernetes with a node that has no kubelet, and Moorage's controller and agent beside it. */
export async function openCluster(): Promise<Side> {
  await using open = new AsyncDisposableStack();
  const directory = `/var/lib/moorage-differential-${randomUUID().slice(0, 8)}`;
  const cluster = open.use(await startControlPlane({ directory, kcm: 'raised' }));
  const crds = [...generatedFiles().values()].filter((text) => text.includes('kind: CustomResourceDefinition'));
  const file = join(directory, 'crds.yaml');
  await writeFile(file, crds.join('\n---\n'));
  await cluster.kubectl(['apply', '--server-side', '-f', file]);
  await cluster.kubectl(['wait', '--for=condition=Established', '-f', file]);
  await rm(file);
  const world = open.use(await World.open(cluster.kubeconfig));
  await world.agent().said('ready');
  await world.controller('c').said('leading');
  const owned = open.move();
  return { name: 'cluster', kubeconfig: cluster.kubeconfig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
