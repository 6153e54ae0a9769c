import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { connectKube, type KubeApi } from '../../src/api/kube/index.ts';
import { startApiServer } from '../../src/apiserver/index.ts';
import { silent } from '../../src/lib/log.ts';
import { allKinds } from '../../src/model/kinds/index.ts';

/** An API server over HTTPS, and as many connections to it as are wanted. */
export interface Served extends AsyncDisposable {
  readonly kubeconfig: string;
  connect(): KubeApi;
}

/** The embedded API, served on a free port from a new directory. */
export async function openServed(): Promise<Served> {
  await using open = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), 'moorage-served-'));
  open.defer(() => rm(dir, { recursive: true, force: true }));
  const api = open.use(await openEmbeddedApi({ file: join(dir, 'store.db'), log: silent, kinds: allKinds }));
  const server = open.use(await startApiServer({ api, dir, port: 0, log: silent }));
  const owned = open.move();
  return {
    kubeconfig: server.kubeconfigFile,
    connect: () => owned.use(connectKube({ kubeconfig: server.kubeconfigFile })),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
