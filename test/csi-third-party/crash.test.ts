import { describe, expect, test } from 'vitest';
import {
  persistentVolumeClaims,
  persistentVolumes,
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
} from '../../src/model/kinds/index.ts';
import { type Death, deaths, dying } from '../support/dying-api.ts';
import { inDefault } from '../support/until-object.ts';
import { driverName, World } from './world.ts';

/** Lets Moorage do the work until it dies at its nth write, and starts it again. */
async function dieAndReturn(world: World, death: Death, work: () => Promise<void>) {
  await world.stopMoorage();
  await world.startMoorage(dying(world.api, death)).catch(() => {});
  await work();
  await new Promise((resolve) => setTimeout(resolve, 200));
  await world.stopMoorage();
  await world.startMoorage();
}

async function snapshot(world: World): Promise<void> {
  await world.api.create(volumeSnapshots, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name: 'monday', namespace: 'default' },
    spec: { source: { persistentVolumeClaimName: 'data' }, volumeSnapshotClassName: 'other' },
  });
}

async function open(): Promise<World> {
  const world = await World.start();
  await world.storageClass('other');
  await world.api.create(volumeSnapshotClasses, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: { name: 'other' },
    driver: driverName,
    deletionPolicy: 'Delete',
  });
  return world;
}

const points = deaths(6);

describe('callers of CSI that die', () => {
  test.each(points)(
    '$when their write $nth, while a claim comes and goes, leave one volume, then none',
    async (point) => {
      await using world = await open();
      await dieAndReturn(world, point, async () => {
        await world.claim('data');
      });
      await world.bound('data');
      expect(world.store.all('volumes')).toHaveLength(1);
      await dieAndReturn(world, point, async () => {
        await world.api.delete(persistentVolumeClaims, inDefault('data'));
      });
      await expect.poll(() => world.store.all('volumes'), { timeout: 10_000 }).toEqual([]);
      await expect.poll(async () => (await world.api.list(persistentVolumes)).items, { timeout: 10_000 }).toEqual([]);
    },
  );

  test.each(points)('$when their write $nth, while a claim goes that was just made, leave nothing', async (point) => {
    await using world = await open();
    await dieAndReturn(world, point, async () => {
      await world.claim('data');
      await new Promise((resolve) => setTimeout(resolve, point.nth * 5));
      await world.api.delete(persistentVolumeClaims, inDefault('data'));
    });
    await world.until(persistentVolumeClaims, inDefault('data'), (claim) => claim === undefined);
    await expect.poll(() => world.store.all('volumes'), { timeout: 10_000 }).toEqual([]);
    await expect.poll(async () => (await world.api.list(persistentVolumes)).items, { timeout: 10_000 }).toEqual([]);
  });

  test.each(points)('$when their write $nth, while a snapshot comes and goes, leave one, then none', async (point) => {
    await using world = await open();
    await world.claim('data');
    await world.bound('data');
    await dieAndReturn(world, point, async () => await snapshot(world));
    await world.until(volumeSnapshots, inDefault('monday'), (it) => it?.status?.readyToUse === true);
    expect(world.store.all('snapshots')).toHaveLength(1);
    await dieAndReturn(world, point, async () => {
      await world.api.delete(volumeSnapshots, inDefault('monday'));
    });
    await world.until(volumeSnapshots, inDefault('monday'), (it) => it === undefined);
    expect(world.store.all('snapshots')).toEqual([]);
    expect((await world.api.list(volumeSnapshotContents)).items).toEqual([]);
    await world.until(
      persistentVolumeClaims,
      inDefault('data'),
      (claim) => claim?.metadata.finalizers?.join() === 'kubernetes.io/pvc-protection',
    );
  });

  test.each(deaths(4))('$when their write $nth, while a claim grows, go on afterwards', async (point) => {
    await using world = await open();
    await world.claim('data');
    await world.bound('data');
    await dieAndReturn(world, point, async () => {
      const body = { spec: { resources: { requests: { storage: '2Gi' } } } };
      await world.api.patch(persistentVolumeClaims, inDefault('data'), { type: 'merge', body });
    });
    const claim = await world.until(
      persistentVolumeClaims,
      inDefault('data'),
      (it) => it?.status?.capacity?.['storage'] === '2Gi',
    );
    expect(claim?.status?.conditions ?? []).toEqual([]);
    expect(world.store.all('volumes')[0]?.size).toBe(2 * 2 ** 30);
  });
});
