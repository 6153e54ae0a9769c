import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from '../../lib/directories.ts';
import { fail, messageOf } from '../../lib/errors.ts';
import { exec } from '../../lib/exec.ts';
import { driverName } from '../../model/kinds/moorage.ts';
import { viewsOf } from '../../volumes/node-label.ts';
import { giveMemoryBack } from '../memory.ts';
import type { ProcessContext } from '../process.ts';
import type { AgentProcessOptions } from './cluster-options.ts';
import { connectCluster, patiently, waitForOwnKinds } from './connect.ts';
import type { ClusterProcess } from './controller.ts';
import { ensureNodePool } from './node-pool.ts';
import { probeOf } from './probe.ts';

/**
 * Starts what every node of a cluster needs: the controllers of its own pools and of what is in them, the CSI node
 * service, and its registration with the kubelet. Resolves when the kubelet can find it. Disposing of it stops every
 * part in order and leaves the mounts in place.
 */
export async function agent(options: AgentProcessOptions, { log, signal }: ProcessContext): Promise<ClusterProcess> {
  await using open = new AsyncDisposableStack();
  const { data: dataDir, node, socket, kubeletDir } = options;
  const parts = importParts();
  await ensureNodeDirectory(dataDir);
  const api = open.use(await connectCluster('agent', options.kubeconfig, log, viewsOf(node)));

  const { createMetrics, serveHealth, createEventRecorder } = await parts.first;
  const metrics = open.use(createMetrics({ api, objects: 'none' }));
  const { meter } = metrics;
  let problem: string | undefined = 'it is starting';
  let registration: { readonly problem: string | undefined } | undefined;
  const probe = open.use(probeOf(socket));
  const csi = async () => (problem ? {} : { csi: await probe.problem() });
  const health = open.use(
    await serveHealth({
      ...options.metrics,
      log,
      metrics: metrics.text,
      live: csi,
      ready: async () => ({ agent: problem, ...(await csi()), registration: registration?.problem }),
    }),
  );
  await waitForOwnKinds(api, log, signal);
  if (options.defaultPool) {
    const work = () => ensureNodePool(api, options, log);
    await patiently("this node's pool could not be made; trying again", log, signal, work);
  }
  const events = open.use(createEventRecorder({ api, component: 'moorage', log }));
  const { openEngines, startVolumes } = await parts.storage;
  const engine = openEngines({ dataDir, exec, log });
  const common = { api, engine, node, dataDir, exec, log, events, meter };
  const { namespace } = options;
  const { room } = open.use(await startVolumes({ ...common, namespace, sole: false }));
  const { startCsiDriver, registerWithKubelet } = await parts.driver;
  open.use(await startCsiDriver({ ...common, services: ['node'], room, socket, measureCalls: true }));
  problem = undefined;
  if (options.sidecars === 'own') {
    const registrationSocket = join(kubeletDir, 'plugins_registry', `${driverName}-reg.sock`);
    registration = open.use(await registerWithKubelet({ driverName, endpoint: socket, registrationSocket, log }));
  }

  open.use(giveMemoryBack());
  const owned = open.move();
  return { port: health.port, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Makes the node's data directory, for nobody else to read: a kubelet that makes it lets everybody in. */
async function ensureNodeDirectory(path: string): Promise<void> {
  try {
    await makeDirectory(path, 0o700);
    await chmod(path, 0o700);
  } catch (error) {
    fail('permission', `making the data directory ${path}: ${messageOf(error)}; choose another one with --data`, error);
  }
}

/** Loads the parts while the API is waited for. */
function importParts() {
  const first = Promise.all([
    import('../../gateways/metrics/metrics.ts'),
    import('../../gateways/health.ts'),
    import('../../api/event-recorder.ts'),
  ]).then(([metrics, health, recorder]) => ({ ...metrics, ...health, ...recorder }));
  const storage = Promise.all([import('../../engines/engines.ts'), import('../../volumes/start.ts')]).then(
    ([engine, volumes]) => ({ ...engine, ...volumes }),
  );
  const driver = Promise.all([import('../../driver/start.ts'), import('../../csi/registration/register.ts')]).then(
    ([start, register]) => ({ ...start, ...register }),
  );
  for (const part of [first, storage, driver]) part.catch(() => {});
  return { first, storage, driver };
}
