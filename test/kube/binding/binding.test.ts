import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { provisioningFinalizer } from '../../../src/model/claims/well-known.ts';
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../../src/model/kinds/index.ts';
import { until } from '../cluster/wait.ts';
import { driverName } from './memory-driver.ts';
import { BindingWorld } from './world.ts';

const count = Number(process.env['MOORAGE_TEST_CLAIMS'] ?? 2_000);

/** Does something for each number below n, so many at once. */
async function each(n: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < n) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

const any = <T>(items: readonly [T, ...T[]]): T => items[Math.floor(Math.random() * items.length)] ?? items[0];
const isDynamic = ({ spec }: PersistentVolume) => spec.csi?.driver === driverName;

describe('a claim that the binder of Kubernetes and ours both want to bind', () => {
  let world: BindingWorld;
  const namespace = 'both';
  const wasLost = new Set<string>();
  const rebound = new Set<string>();

  beforeAll(async () => {
    world = await BindingWorld.start('raised');
    await world.namespace(namespace);
    await world.storageClass('memory');
    world.api.informer(persistentVolumeClaims).onChange(({ object, old }) => {
      if (object.status?.phase === 'Lost') wasLost.add(object.metadata.name);
      if (old?.spec.volumeName && old.spec.volumeName !== object.spec.volumeName) rebound.add(object.metadata.name);
    });
    await world.api.informer(persistentVolumeClaims).synced;
  }, 300_000);
  afterAll(async () => await world?.[Symbol.asyncDispose]());

  test('has one volume in the end, and none is left over, however often ours is killed', {
    timeout: 900_000,
  }, async () => {
    const { api, driver } = world;
    driver.moods = { slowness: 40, forgetfulness: 0.03 };
    let isOver = false;
    let kills = 0;
    const killing = (async () => {
      while (!isOver) {
        await sleep(500 + Math.random() * 4_000);
        await world.killProvisioner();
        kills += 1;
        await sleep(Math.random() * 500);
        await world.startProvisioner();
      }
    })();
    const claims = each(count, 12, async (index) => {
      const name = `claim-${index}`;
      await world.claim(namespace, name, {
        resources: { requests: { storage: any(['1Mi', '500Mi', '1Gi', '2Gi']) } },
        accessModes: any([['ReadWriteOnce'], ['ReadWriteOnce'], ['ReadWriteMany']]),
      });
      if (Math.random() > 0.1) return;
      await sleep(Math.random() * 300);
      await api.delete(persistentVolumeClaims, { namespace, name });
    });
    const statics = each(Math.ceil(count / 2), 6, async (index) => {
      await world.staticVolume(`static-${index}`, {
        capacity: { storage: any(['100Mi', '1Gi', '1Gi', '5Gi']) },
        accessModes: any([['ReadWriteOnce'], ['ReadWriteOnce'], ['ReadOnlyMany']]),
        volumeMode: any(['Filesystem', 'Filesystem', 'Filesystem', 'Block']),
      });
      await sleep(Math.random() * 20);
    });
    await Promise.all([claims, statics]);
    const listed = async () => (await api.list(persistentVolumeClaims, { namespace })).items;
    const unsettled = async () =>
      (await listed()).filter(
        ({ metadata, status }) => status?.phase !== 'Bound' || metadata.finalizers?.includes(provisioningFinalizer),
      );
    await until('half of the claims are bound', 300, async () => (await unsettled()).length < count / 2);
    isOver = true;
    await killing;
    driver.moods = { slowness: 0, forgetfulness: 0 };
    await until('every claim is bound', 300, async () => {
      const left = await unsettled();
      if (left.length > 0) throw new Error(`${left.length} are not, such as ${JSON.stringify(left[0])}`);
      return true;
    });
    // The controller manager notices some of the deleted claims only when it looks at everything, every 15 s.
    await until('volumes that nobody wants are gone', 120, async () => {
      const held = (await api.list(persistentVolumes)).items.filter(({ status }) => status?.phase === 'Bound');
      const made = (await api.list(persistentVolumes)).items.filter(isDynamic);
      const claimed = (await listed()).length;
      if (held.length === claimed && driver.volumes.size === made.length) return true;
      throw new Error(
        `${claimed} claims, ${held.length} bound volumes; ${made.length} of the driver, ${driver.volumes.size} at it`,
      );
    });

    const all = await listed();
    const volumes = new Map((await api.list(persistentVolumes)).items.map((it) => [it.metadata.name, it]));
    expect(all.filter((claim) => !isMutual(claim, volumes.get(claim.spec.volumeName ?? '')))).toEqual([]);
    expect(new Set(all.map(({ spec }) => spec.volumeName)).size).toBe(all.length);
    const bound = [...volumes.values()].filter(({ status }) => status?.phase === 'Bound');
    expect(bound.map(({ metadata }) => metadata.name).sort()).toEqual(all.map(({ spec }) => spec.volumeName).sort());
    const handles = [...volumes.values()].filter(isDynamic).map(({ spec }) => spec.csi?.volumeHandle);
    expect([...driver.volumes.keys()].sort()).toEqual(handles.sort());
    expect([...rebound]).toEqual([]);
    expect([...wasLost]).toEqual([]);
    const statically = all.length - handles.length;
    process.stdout.write(`${all.length} claims, ${statically} of them on static volumes; ${kills} kills\n`);
    expect(statically).toBeGreaterThan(0);
    expect(handles.length).toBeGreaterThan(0);
  });
});

function isMutual(claim: PersistentVolumeClaim, volume: PersistentVolume | undefined): boolean {
  return claim.status?.phase === 'Bound' && volume?.spec.claimRef?.uid === claim.metadata.uid;
}
