import { afterEach, beforeEach, expect, test } from 'vitest';
import { persistentVolumes } from '../../src/model/kinds/index.ts';
import { type Inventory, inventories, pools, snapshots, volumes } from '../../src/model/kinds/moorage.ts';
import type { KubeObject } from '../../src/model/object.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { type Interposed, interposed } from '../support/interposed-api.ts';
import {
  openRig,
  pool,
  type Rig,
  readyPool,
  readySnapshot,
  readyVolume,
  snapshot,
  until,
  volume,
} from './volumes-rig.ts';

const where = { pool: 'default' };
let scratch: Awaited<ReturnType<typeof makeScratch>>;
let rig: Rig;
let between: { -readonly [key in keyof Interposed]: Interposed[key] };

beforeEach(async () => {
  scratch = await makeScratch();
  between = {};
  const over: Interposed = {
    before: (call) => between.before?.(call),
    see: (it) => (between.see ? between.see(it) : it),
  };
  rig = await openRig(scratch.path, (api) => interposed(api, over));
  await rig.api.create(pools, pool('default', { backend: 'directory' }));
  await readyPool(rig.api, 'default');
});
afterEach(async () => {
  await rig[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});

/** Bytes of a volume that no object of this store claims; of a namesake, if there is a Volume of that name. */
const bytesOf = (name: string, uid: string) =>
  rig.engine.volumes.create({ ...where, name, uid, size: 64n << 20n, provisioning: 'thin' });
const uidOf = async (kind: 'volume' | 'snapshot', name: string) =>
  (await rig.engine.volumes.get(kind, { ...where, name }))?.uid;
const gone = (object: unknown) => object === undefined;

/** What an Inventory that removes at once says of each leak. */
async function clean(name: string): Promise<string[]> {
  const made: Inventory = {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Inventory',
    metadata: { name },
    spec: { clean: true, graceSeconds: 0 },
  };
  await rig.api.create(inventories, made);
  const { status } = await until(rig.api, inventories, name, (it) => it?.status?.phase === 'Completed');
  return (status?.differences ?? []).map((it) => `${it.kind} ${it.what} ${it.name}: ${it.action ?? ''}`);
}

test.for(['Volume', 'Snapshot'] as const)(
  'the inventory asks the API before it removes bytes whose object its view does not show yet: %s',
  async (kind) => {
    await rig.api.create(volumes, volume('a'));
    await readyVolume(rig.api, 'a');
    await rig.api.create(snapshots, snapshot('s', 'a'));
    await readySnapshot(rig.api, 's');
    between.see = (object) => (object.kind === kind ? undefined : object);
    const name = kind === 'Volume' ? 'a' : 's';
    expect(await clean('i')).toContain(`Leak ${kind} ${name}: kept: an object claims it now`);
    expect(await uidOf('volume', 'a')).toBeDefined();
    expect(await uidOf('snapshot', 's')).toBeDefined();
  },
);

test('the inventory asks once more whether something stands for the bytes before it removes them', async () => {
  await bytesOf('leak', 'first');
  between.before = async ({ verb, kind, name }) => {
    if (verb === 'get' && kind === 'Volume' && name === 'leak')
      await rig.api.create(persistentVolumes, standingFor('leak'));
  };
  expect(await clean('i')).toEqual(['Leak Volume leak: kept: PersistentVolume static stands for it']);
  expect(await uidOf('volume', 'leak')).toBe('first');
});

test('the inventory looks at the mark once more before it removes: in place of a leak there may be a volume', async () => {
  await bytesOf('leak', 'first');
  between.before = async ({ verb, kind, name }) => {
    if (verb !== 'get' || kind !== 'Volume' || name !== 'leak') return;
    await rig.engine.volumes.delete({ ...where, name });
    await bytesOf(name, 'second');
  };
  expect(await clean('i')).toEqual(['Leak Volume leak: it is gone already']);
  expect(await uidOf('volume', 'leak')).toBe('second');
});

test('a Volume that goes takes only bytes of its own along, none of its namesake', async () => {
  await rig.api.create(volumes, volume('a'));
  await readyVolume(rig.api, 'a');
  await rig.engine.volumes.delete({ ...where, name: 'a' });
  await bytesOf('a', 'of a namesake');
  await rig.api.delete(volumes, { name: 'a' });
  await until(rig.api, volumes, 'a', gone);
  expect(await uidOf('volume', 'a')).toBe('of a namesake');
});

test('a Volume that was placed nowhere takes no bytes of its namesake along', async () => {
  await rig.api.create(volumes, volume('a', { nodes: ['nowhere'] }));
  await until(rig.api, volumes, 'a', (it) => (it?.status?.refusals ?? []).length > 0);
  await bytesOf('a', 'of a namesake');
  await rig.api.delete(volumes, { name: 'a' });
  await until(rig.api, volumes, 'a', gone);
  expect(await uidOf('volume', 'a')).toBe('of a namesake');
});

test('a Snapshot that goes takes only bytes of its own along, none of its namesake', async () => {
  await rig.api.create(volumes, volume('a'));
  await readyVolume(rig.api, 'a');
  await rig.api.create(snapshots, snapshot('s', 'a'));
  await readySnapshot(rig.api, 's');
  await rig.engine.volumes.deleteSnapshot({ ...where, name: 's' });
  await rig.engine.volumes.snapshot({ ...where, name: 's', uid: 'of a namesake', volume: 'a' });
  await rig.api.delete(snapshots, { name: 's' });
  await until(rig.api, snapshots, 's', gone);
  expect(await uidOf('snapshot', 's')).toBe('of a namesake');
});

test('a Volume stays until each snapshot of it is recorded: only its name says where that is', async () => {
  const names = ['a', 'b', 'c'];
  for (const name of names) await rig.api.create(volumes, volume(name));
  for (const name of names) await readyVolume(rig.api, name);
  let wasThere: KubeObject | undefined;
  between.before = async ({ verb, kind, name }) => {
    if (verb !== 'updateStatus' || kind !== 'Snapshot' || name !== 's') return;
    between.before = () => {};
    // Taken, and not recorded yet. The others, which nothing holds, are deleted after it, and each is gone first.
    for (const it of names) {
      await rig.api.delete(volumes, { name: it });
      if (it !== 'a') await until(rig.api, volumes, it, gone);
    }
    wasThere = rig.api.informer(volumes).get({ name: 'a' });
  };
  await rig.api.create(snapshots, snapshot('s', 'a'));
  await until(rig.api, volumes, 'a', gone);
  expect(wasThere).toBeDefined();
  expect((await readySnapshot(rig.api, 's')).status?.placement).toMatchObject(where);
});

function standingFor(volumeHandle: string) {
  return {
    apiVersion: 'v1' as const,
    kind: 'PersistentVolume' as const,
    metadata: { name: 'static' },
    spec: {
      capacity: { storage: '64Mi' },
      accessModes: ['ReadWriteOnce' as const],
      persistentVolumeReclaimPolicy: 'Retain' as const,
      csi: { driver: 'csi.moorage.dev', volumeHandle },
    },
  };
}
