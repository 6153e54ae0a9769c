import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Api } from '../../src/api/api.ts';
import { openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { createEventRecorder } from '../../src/api/event-recorder.ts';
import { connectCsi } from '../../src/csi/transport/client.ts';
import type { CsiClient } from '../../src/csi/transport/csi-client.ts';
import { ObjectWatch } from '../../src/driver/object-watch.ts';
import { startCsiDriver } from '../../src/driver/start.ts';
import type { Engines } from '../../src/engines/engine.ts';
import { openEngines } from '../../src/engines/engines.ts';
import { isCode } from '../../src/lib/errors.ts';
import { type Exec, exec as run } from '../../src/lib/exec.ts';
import { openLog } from '../../src/lib/log.ts';
import { noMeter } from '../../src/lib/meter.ts';
import { allKinds } from '../../src/model/kinds/index.ts';
import { type Pool, pools } from '../../src/model/kinds/moorage.ts';
import { startVolumes } from '../../src/volumes/start.ts';

/** The storage half alone, as a foreign orchestrator would use it: objects, engine, controllers, CSI driver. */
export interface StorageHalf extends AsyncDisposable {
  readonly api: Api;
  readonly engine: Engines;
  readonly socket: string;
  readonly client: CsiClient;
}

/** The node that the storage half runs on. */
export const node = 'here';

/**
 * Opens it over a data directory, with one pool, `default`, which is ready when this resolves. `exec` runs all the
 * programs that it needs; `patience` is the driver's; `over` is what comes in between it and the API.
 */
export async function openStorageHalf(
  dataDir: string,
  given: Partial<Pool['spec']>,
  exec: Exec = run,
  patience?: number,
  over: (api: Api) => Api = (api) => api,
): Promise<StorageHalf> {
  await using open = new AsyncDisposableStack();
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const log = openLog(process.env['MOORAGE_LOG'] ?? 'silent');
  const store = open.use(await openEmbeddedApi({ file: join(dataDir, 'store.db'), log, kinds: allKinds }));
  const api = over(store);
  const events = open.use(createEventRecorder({ api, component: 'moorage', log }));
  const engine = openEngines({ dataDir, exec, log });
  const meter = noMeter;
  const { room } = open.use(await startVolumes({ api, engine, node, sole: true, dataDir, exec, log, events, meter }));
  await ensurePool(api, given);
  const socket = join(dataDir, 'run/csi.sock');
  const services = ['controller', 'node'] as const;
  open.use(
    await startCsiDriver({ services, api, room, engine, node, socket, dataDir, exec, log, events, meter, patience }),
  );
  const client = connectCsi(socket);
  open.defer(() => client.close());
  const owned = open.move();
  return { api: store, engine, socket, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function ensurePool(api: Api, given: Partial<Pool['spec']>): Promise<void> {
  const common = {
    engine: 'local',
    backend: 'auto',
    node,
    size: '6Gi',
    preallocate: false,
    overProvisioning: 1,
  } as const;
  const { size, ...others } = common;
  const spec = given.engine === undefined ? { ...others, size, ...given } : { ...others, ...given };
  const pool: Pool = { apiVersion: 'moorage.dev/v1alpha1', kind: 'Pool', metadata: { name: 'default' }, spec };
  await api.create(pools, pool).catch((error: unknown) => {
    if (!isCode(error, 'already-exists')) throw error;
  });
  using watch = new ObjectWatch(api.informer(pools));
  const open = (now: Pool | undefined) => (now?.status?.phase === 'Ready' ? true : undefined);
  await watch.until('default', open, AbortSignal.timeout(60_000));
}
