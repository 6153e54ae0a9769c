import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { events, persistentVolumeClaims, persistentVolumes } from '../../../src/model/kinds/index.ts';
import { until } from '../cluster/wait.ts';
import { BindingWorld } from './world.ts';

const namespace = 'churn';
const count = 150;

/**
 * The binder may make twenty requests a second. It works through the volumes one by one, and calls a claim lost whose
 * volume it has not come to.
 */
describe('claims beside a binder with its usual limits', () => {
  let world: BindingWorld;
  const wasLost = new Set<string>();

  beforeAll(async () => {
    world = await BindingWorld.start('default');
    await world.namespace(namespace);
    await world.storageClass('memory');
    await world.storageClass('kept', { reclaimPolicy: 'Retain' });
    world.api.informer(persistentVolumeClaims).onChange(({ object }) => {
      if (object.status?.phase === 'Lost') wasLost.add(object.metadata.name);
    });
  }, 300_000);
  afterAll(async () => await world?.[Symbol.asyncDispose]());

  const claims = async () => (await world.api.list(persistentVolumeClaims, { namespace })).items;
  const bound = async (wave: string) =>
    (await claims()).filter(({ metadata, status }) => metadata.name.startsWith(wave) && status?.phase === 'Bound')
      .length;
  const all = Array.from({ length: count }, (_, index) => index);

  test('that come while as many go are bound in seconds, and none is called lost', async () => {
    const { api } = world;
    await Promise.all(all.map((index) => world.claim(namespace, `one-${index}`)));
    await until('the first are bound', 120, async () => (await bound('one')) === count);
    await Promise.all(
      all.flatMap((index) => [
        api.delete(persistentVolumeClaims, { namespace, name: `one-${index}` }),
        world.claim(namespace, `two-${index}`),
      ]),
    );
    await until('the others are bound', 120, async () => (await bound('two')) === count);
    await until('the first volumes are gone', 120, async () => {
      return world.driver.volumes.size === count && (await api.list(persistentVolumes)).items.length === count;
    });
    // The binder looks at everything every 15 s.
    await new Promise((resolve) => setTimeout(resolve, 16_000));
    expect([...wasLost]).toEqual([]);
    expect(await bound('two')).toBe(count);
    const news = (await api.list(events, { namespace })).items.filter(({ reason }) => reason?.includes('Lost'));
    expect(news).toEqual([]);
  });

  test('that come while it is busy with volumes of others wait for it, and none is called lost', async () => {
    await Promise.all([
      ...all.map((index) => world.staticVolume(`foreign-${index}`, { storageClassName: 'foreign' })),
      ...all.slice(0, 50).map((index) => world.claim(namespace, `three-${index}`)),
    ]);
    await until('they are bound', 120, async () => (await bound('three')) === 50);
    expect([...wasLost]).toEqual([]);
  });

  test('that go leave their volume where the class says so, and it says that it is free at once', async () => {
    const { api, driver } = world;
    await Promise.all(all.map((index) => world.claim(namespace, `kept-${index}`, { storageClassName: 'kept' })));
    await until('they are bound', 120, async () => (await bound('kept')) === count);
    const before = driver.volumes.size;
    await Promise.all(all.map((index) => api.delete(persistentVolumeClaims, { namespace, name: `kept-${index}` })));
    await until('their volumes are released', 60, async () => {
      const kept = (await api.list(persistentVolumes)).items.filter(({ spec }) => spec.storageClassName === 'kept');
      return kept.length === count && kept.every(({ status }) => status?.phase === 'Released');
    });
    expect(driver.volumes.size).toBe(before);
  });
});
