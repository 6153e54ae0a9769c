import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { events, persistentVolumeClaims, persistentVolumes } from '../../../src/model/kinds/index.ts';
import { until } from '../cluster/wait.ts';
import { BindingWorld } from './world.ts';

const namespace = 'churn';
const count = 150;

/**
 * Each claim that goes costs the binder two of its twenty requests a second, and what it has not come to by then it calls
 * lost. The volumes of these claims are deleted before it comes to them.
 */
describe('claims that come while as many go, beside a binder with its usual limits', () => {
  let world: BindingWorld;
  const wasLost = new Set<string>();

  beforeAll(async () => {
    world = await BindingWorld.start('default');
    await world.namespace(namespace);
    await world.storageClass('memory');
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

  test('are bound in seconds, and none is called lost', async () => {
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
});
