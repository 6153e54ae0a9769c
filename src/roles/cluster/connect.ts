import { inClusterConnection, isInCluster } from '../../api/kube/credentials/in-cluster.ts';
import { type ConnectOptions, type KubeApi, openKubeApi } from '../../api/kube/kube-api.ts';
import { sleep } from '../../lib/clock.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { pools, snapshots, volumes } from '../../model/kinds/moorage.ts';

const firstPause = 200;
const longestPause = 5_000;

/** Connects to the cluster that this process works in: as its pod, unless a kubeconfig is named. `views` as for openKubeApi. */
export async function connectCluster(
  role: string,
  kubeconfig: string | undefined,
  log: Log,
  views?: ConnectOptions['views'],
): Promise<KubeApi> {
  const { connection } =
    kubeconfig === undefined && isInCluster()
      ? { connection: inClusterConnection() }
      : await import('../../api/kube/credentials/kubeconfig.ts').then((it) => ({
          connection: it.loadConnection({ kubeconfig }),
        }));
  return openKubeApi({ connection, log, role, views });
}

/** Resolves when the API answers and serves Moorage's own kinds. */
export async function waitForOwnKinds(api: KubeApi, log: Log, signal: AbortSignal): Promise<void> {
  await patiently('the API is not ready for Moorage yet; trying again', log, signal, () =>
    Promise.all([api.list(pools, { limit: 1 }), api.list(volumes, { limit: 1 }), api.list(snapshots, { limit: 1 })]),
  );
}

/** Does something until it works, and says why it does not whenever the reason changes. Throws if the signal aborts. */
export async function patiently<T>(what: string, log: Log, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let last = '';
  for (let pause = firstPause; ; pause = Math.min(pause * 2, longestPause)) {
    try {
      return await work();
    } catch (error) {
      const reason = messageOf(error);
      if (reason !== last) log.warn({ reason }, what);
      last = reason;
    }
    await sleep(pause, signal);
  }
}
