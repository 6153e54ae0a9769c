import type { EmbeddedApi } from '../../api/embedded/embedded-api.ts';
import type { Log } from '../../lib/log.ts';
import { giveMemoryBack } from '../memory.ts';
import { ensureDataDirectory, leavePid } from './data-directory.ts';
import { preloadNode, type RunningNode, startNode } from './node.ts';
import { chooseNode } from './other-names.ts';
import { openStore, preloadServer, serveApi, startControlPlane } from './server.ts';
import type { UpOptions } from './up-options.ts';

/** Moorage, running in this process. Disposing of it stops every part in order and leaves the mounts in place. */
export interface Running extends AsyncDisposable {
  readonly url: string;
  /** The name of this machine's node. */
  readonly node: string;
  readonly kubeconfigFile: string;
  readonly api: EmbeddedApi;
}

/**
 * Starts everything that one machine needs, in one process: a server (store, API, the callers of CSI, the orchestrator)
 * and a node (pools, CSI driver, mounts). Resolves when it serves. Throws, with nothing left running, if a part can't
 * start.
 */
export async function up(options: UpOptions, log: Log): Promise<Running> {
  await using open = new AsyncDisposableStack();
  const { data: dataDir } = options;
  await ensureDataDirectory(dataDir);
  preloadServer();
  preloadNode();

  const api = open.use(await openStore(options, log));
  const name = await chooseNode(api, options, log);
  open.use(await leavePid(dataDir));
  let node: RunningNode | undefined;
  const mountedVolumes = async () => (await node?.mountedVolumes()) ?? [];
  const server = open.use(await serveApi({ ...options, mountedVolumes }, api, log));
  const { url, kubeconfigFile, authority, events, meter } = server;
  const common = { api, node: name, log, events, meter };
  node = open.use(await startNode({ ...options, ...common, dataDir, lastLoss: api.lastLoss }));
  open.use(await startControlPlane({ ...common, authority, drivers: node.drivers }));
  open.use(giveMemoryBack());

  const owned = open.move();
  return { url, node: name, kubeconfigFile, api, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
