import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { mounts, persistentVolumeClaims, persistentVolumes } from '../../src/model/kinds/index.ts';
import { mountAt } from '../../src/node/mountinfo.ts';
import { type Death, deaths, dying } from '../support/dying-api.ts';
import { leftovers } from '../support/leftovers.ts';
import { inDefault } from '../support/until-object.ts';
import { TestWorld } from './world.ts';

/** Runs the orchestrator until it has died or the work is done, ends it, and starts one that lives. */
async function reborn(world: TestWorld, death: Death, work: () => Promise<void>) {
  await world.start(dying(world.api, death)).catch(() => {});
  await work();
  await new Promise((resolve) => setTimeout(resolve, 150));
  await world.stop();
  await world.start();
}

const points = deaths(7);

describe.skipIf(process.getuid?.() !== 0)('a program that dies', () => {
  test.each(points)('$when its write $nth, while it binds and mounts, goes on afterwards', async (death) => {
    await using world = await TestWorld.open();
    await world.driverObject({ attachRequired: false });
    await reborn(world, death, async () => {
      await world.volume('one', { csi: { driver: 'fake.example.com', volumeHandle: 'one' } });
      await world.claim('data');
      await world.mount('here', 'data');
    });
    await world.mounted('here');
    const { items } = await world.api.list(persistentVolumes);
    expect(items[0]?.spec.claimRef).toMatchObject({ name: 'data', namespace: 'default' });
    expect(await mountAt(world.path('here'))).toBeDefined();
    await world.gone('here');
    expect(await leftovers(world.directory)).toEqual([]);
  });

  test.each(deaths(4))('$when its write $nth, while it unmounts and releases, leaves nothing', async (death) => {
    await using world = await TestWorld.open();
    await world.driverObject({ attachRequired: false });
    await world.start();
    await world.claimed('data');
    await world.mount('here', 'data');
    await world.mounted('here');
    await world.stop();
    await reborn(world, death, async () => {
      await world.api.delete(mounts, inDefault('here'));
      await world.api.delete(persistentVolumeClaims, inDefault('data'));
    });
    await world.until(mounts, inDefault('here'), (mount) => mount === undefined);
    await world.until(persistentVolumeClaims, inDefault('data'), (claim) => claim === undefined);
    await world.until(persistentVolumes, { name: 'data' }, (volume) => volume?.status?.phase === 'Released');
    expect(await leftovers(world.directory)).toEqual([]);
    expect(existsSync(world.path('here'))).toBe(false);
  });

  test.each(['stage', 'publish', 'unpublish', 'unstage'])(
    'after the driver has done %s, but before the answer, goes on',
    async (call) => {
      await using world = await TestWorld.open();
      await world.driverObject({ attachRequired: false });
      let dead = false;
      const die = (name: string) => {
        if (name === call) dead = true;
        if (dead) throw new Error('dead');
      };
      world.driver.after = die;
      world.driver.before = (name) => {
        if (dead) die(name);
      };
      await world.start();
      await world.claimed('data');
      await world.mount('here', 'data');
      if (call.startsWith('un')) {
        await world.mounted('here');
        await world.api.delete(mounts, inDefault('here'));
      }
      await expect.poll(() => dead).toBe(true);
      await world.stop();
      world.driver.after = () => {};
      world.driver.before = () => {};
      await world.start();
      if (call.startsWith('un')) await world.until(mounts, inDefault('here'), (mount) => mount === undefined);
      else await world.mounted('here').then(() => world.gone('here'));
      expect(await leftovers(world.directory)).toEqual([]);
      expect(await readdir(world.path('data/node/mounts'))).toEqual([]);
    },
  );
});
