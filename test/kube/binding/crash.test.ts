import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Api } from '../../../src/api/api.ts';
import { connectKube } from '../../../src/api/kube/index.ts';
import { silent } from '../../../src/lib/log.ts';
import { noMeter } from '../../../src/lib/meter.ts';
import {
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../../src/model/kinds/index.ts';
import { openDrivers } from '../../../src/sidecars/drivers/registry.ts';
import { startSidecars } from '../../../src/sidecars/start.ts';
import { type Death, deaths, dying } from '../../support/dying-api.ts';
import { until } from '../cluster/wait.ts';
import { BindingWorld } from './world.ts';

const namespace = 'crash';
const points = deaths(6);

/** The driver, its volumes and the binder go on; only our callers of CSI die. */
describe('callers of CSI that die beside the binder of Kubernetes', () => {
  let world: BindingWorld;
  const wasLost = new Set<string>();

  beforeAll(async () => {
    world = await BindingWorld.start('raised');
    await world.killProvisioner();
    await world.namespace(namespace);
    await world.storageClass('memory');
    world.api.informer(persistentVolumeClaims).onChange(({ object }) => {
      if (object.status?.phase === 'Lost') wasLost.add(object.metadata.name);
    });
  }, 300_000);
  afterAll(async () => await world?.[Symbol.asyncDispose]());

  /** Our callers of CSI in this process, over a view of the API that may end. */
  async function start(view: (api: Api) => Api = (api) => api): Promise<AsyncDisposable> {
    await using open = new AsyncDisposableStack();
    const api = view(open.use(connectKube({ kubeconfig: world.cluster.kubeconfig })));
    const events = { normal: () => {}, warning: () => {} };
    const drivers = open.use(openDrivers({ api, node: undefined, log: silent, meter: noMeter }));
    await drivers.add({ socket: world.socket });
    const options = { api, drivers, log: silent, events, meter: noMeter };
    open.use(await startSidecars({ ...options, directBinding: true, attacher: false, hasScheduler: true }));
    return open.move();
  }

  /** Lets ours work until it dies at that point, or 3 s, and starts it again. */
  async function dieAndReturn(death: Death, work: () => Promise<unknown>): Promise<AsyncDisposable> {
    const died = Promise.withResolvers<void>();
    const mortal = await start((api) => dying(api, death, died.resolve));
    await work();
    await Promise.race([died.promise, sleep(3_000)]);
    await mortal[Symbol.asyncDispose]();
    return await start();
  }

  const ref = (name: string) => ({ namespace, name });
  const isBound = (claim: PersistentVolumeClaim | undefined) =>
    claim?.status?.phase === 'Bound' && claim.metadata.finalizers?.join() === 'kubernetes.io/pvc-protection';
  const volumesOf = async (name: string) =>
    (await world.api.list(persistentVolumes)).items.filter(({ spec }) => spec.claimRef?.name === name);

  test.each(points)(
    '$when their write $nth, while a claim comes and goes, leave one volume, then none',
    async (point) => {
      const name = `comes-${point.nth}-${point.when}`;
      let claim: PersistentVolumeClaim | undefined;
      {
        await using _ = await dieAndReturn(point, () => world.claim(namespace, name));
        await until(`${name} is bound`, 30, async () => {
          claim = await world.api.get(persistentVolumeClaims, ref(name));
          return isBound(claim);
        });
      }
      const [volume, ...others] = await volumesOf(name);
      expect(others).toEqual([]);
      expect(volume?.metadata.name).toBe(claim?.spec.volumeName);
      expect(volume?.spec.claimRef?.uid).toBe(claim?.metadata.uid);
      expect(volume?.status?.phase).toBe('Bound');
      expect([...world.driver.volumes.keys()]).toEqual([volume?.spec.csi?.volumeHandle]);
      await using _ = await dieAndReturn(point, () => world.api.delete(persistentVolumeClaims, ref(name)));
      await until(`nothing is left of ${name}`, 40, async () => {
        return world.driver.volumes.size === 0 && (await volumesOf(name)).length === 0;
      });
      expect([...wasLost]).toEqual([]);
    },
  );

  test.each(points)('$when their write $nth, while a claim goes that was just made, leave nothing', async (point) => {
    const name = `goes-${point.nth}-${point.when}`;
    await using _ = await dieAndReturn(point, async () => {
      await world.claim(namespace, name);
      await sleep(point.nth * 5);
      await world.api.delete(persistentVolumeClaims, ref(name));
    });
    await until(`nothing is left of ${name}`, 40, async () => {
      const claim = await world.api.get(persistentVolumeClaims, ref(name));
      return !claim && world.driver.volumes.size === 0 && (await volumesOf(name)).length === 0;
    });
  });
});
