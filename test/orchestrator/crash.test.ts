import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { Api } from '../../src/api/api.ts';
import { mounts, persistentVolumeClaims, persistentVolumes } from '../../src/model/kinds/index.ts';
import { mountAt } from '../../src/node/mountinfo.ts';
import { leftovers } from '../support/leftovers.ts';
import { inDefault, TestWorld } from './world.ts';

const writes = new Set<string | symbol>(['create', 'update', 'updateStatus', 'patch', 'delete']);

/** The API as a program sees it that dies at its nth write: before it is done, or after it and before the answer. */
function dying(api: Api, nth: number, when: 'before' | 'after'): Api {
  let count = 0;
  return new Proxy(api, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (!writes.has(name) || typeof value !== 'function') return value;
      return async (...args: unknown[]) => {
        count += 1;
        if (count > nth || (count === nth && when === 'before')) throw new Error('dead');
        const answer: unknown = await value.apply(target, args);
        if (count >= nth) throw new Error('dead');
        return answer;
      };
    },
  });
}

/** Runs the orchestrator until it has died or the work is done, ends it, and starts one that lives. */
async function reborn(world: TestWorld, nth: number, when: 'before' | 'after', work: () => Promise<void>) {
  await world.start(dying(world.api, nth, when)).catch(() => {});
  await work();
  await new Promise((resolve) => setTimeout(resolve, 150));
  await world.stop();
  await world.start();
}

const points = Array.from({ length: 7 }, (_, index) => index + 1).flatMap((nth) => [
  { nth, when: 'before' as const },
  { nth, when: 'after' as const },
]);

describe.skipIf(process.getuid?.() !== 0)('a program that dies', () => {
  test.each(points)('$when its write $nth, while it binds and mounts, goes on afterwards', async ({ nth, when }) => {
    await using world = await TestWorld.open();
    await world.driverObject({ attachRequired: false });
    await reborn(world, nth, when, async () => {
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

  test.each(points.slice(0, 8))(
    '$when its write $nth, while it unmounts and releases, leaves nothing',
    async ({ nth, when }) => {
      await using world = await TestWorld.open();
      await world.driverObject({ attachRequired: false });
      await world.start();
      await world.claimed('data');
      await world.mount('here', 'data');
      await world.mounted('here');
      await world.stop();
      await reborn(world, nth, when, async () => {
        await world.api.delete(mounts, inDefault('here'));
        await world.api.delete(persistentVolumeClaims, inDefault('data'));
      });
      await world.until(mounts, inDefault('here'), (mount) => mount === undefined);
      await world.until(persistentVolumeClaims, inDefault('data'), (claim) => claim === undefined);
      await world.until(persistentVolumes, { name: 'data' }, (volume) => volume?.status?.phase === 'Released');
      expect(await leftovers(world.directory)).toEqual([]);
      expect(existsSync(world.path('here'))).toBe(false);
    },
  );

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
