import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatedFiles } from '../../../scripts/reference.ts';
import { type Cluster, startControlPlane } from '../cluster/index.ts';

/** A control plane without nodes, that serves Moorage's kinds and those of snapshots. */
export interface OwnControlPlane extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly kubeconfig: string;
}

/** Starts one of its own for the caller, who takes it down by disposing of it. */
export async function openControlPlane(): Promise<OwnControlPlane> {
  await using open = new AsyncDisposableStack();
  const directory = `/var/lib/moorage-roles-${randomUUID().slice(0, 8)}`;
  const cluster = open.use(await startControlPlane({ directory }));
  const crds = [...generatedFiles().values()].filter((text) => text.includes('kind: CustomResourceDefinition'));
  const file = join(directory, 'crds.yaml');
  await writeFile(file, crds.join('\n---\n'));
  await cluster.kubectl(['apply', '--server-side', '-f', file]);
  await cluster.kubectl(['wait', '--for=condition=Established', '-f', file]);
  await rm(file);
  const owned = open.move();
  return { cluster, kubeconfig: cluster.kubeconfig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
