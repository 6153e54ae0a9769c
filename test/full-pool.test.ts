import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEventRecorder } from '../src/api/event-recorder.ts';
import { startKubelet } from '../src/kubelet/start.ts';
import { exec } from '../src/lib/exec.ts';
import { silent } from '../src/lib/log.ts';
import { noMeter } from '../src/lib/meter.ts';
import {
  events,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  pools,
  storageClasses,
  volumes,
} from '../src/model/kinds/index.ts';
import { driverName } from '../src/model/kinds/moorage.ts';
import { bytesOf } from '../src/model/quantity.ts';
import { startOrchestrator } from '../src/orchestrator/start.ts';
import { ownDriverExtras } from '../src/roles/own-driver-extras.ts';
import { openDrivers } from '../src/sidecars/drivers/registry.ts';
import { startSidecars } from '../src/sidecars/start.ts';
import { node, openStorageHalf, type StorageHalf } from './csi/storage-half.ts';
import { makeScratch } from './engines/local-scratch.ts';

const isRoot = process.getuid?.() === 0;
const count = 300;
/** Milliseconds: long for what an event brings, and shorter than what looks by itself waits, ten seconds. */
const soon = 8_000;
const apiVersion = 'v1' as const;

/** The pool has 6 GiB, of which each claim wants a quarter of one. */
describe.skipIf(!isRoot)('claims that a full pool has no room for', () => {
  let half: StorageHalf;
  const open = new AsyncDisposableStack();
  beforeAll(async () => {
    const scratch = open.use(await makeScratch());
    const dataDir = join(scratch.path, 'data');
    half = open.use(await openStorageHalf(dataDir, { backend: 'image' }));
    const { api, socket } = half;
    const told = open.use(createEventRecorder({ api, component: 'moorage', log: silent }));
    const drivers = open.use(openDrivers({ api, node, log: silent, meter: noMeter }));
    await drivers.add({ name: driverName, socket, extras: ownDriverExtras(api) });
    const options = { api, drivers, node, log: silent, events: told, meter: noMeter };
    open.use(await startSidecars(options));
    open.use(await startOrchestrator({ ...options, authority: '' }));
    open.use(await startKubelet({ ...options, dataDir, exec }));
    await api.create(storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'disk' },
      provisioner: driverName,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
      allowVolumeExpansion: true,
    });
    for (let index = 0; index < count; index++) await claim(`claim-${index}`, '256Mi');
    await until(() => eventsOf().length >= count - bound().length && bound().length > 15);
    await settled();
  }, 120_000);
  afterAll(async () => await open.disposeAsync());

  const claim = (name: string, storage: string) =>
    half.api.create(persistentVolumeClaims, {
      apiVersion,
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'disk', resources: { requests: { storage } } },
    });
  const bound = (): PersistentVolumeClaim[] =>
    [...half.api.informer(persistentVolumeClaims).list()].filter(({ status }) => status?.phase === 'Bound');
  const eventsOf = () => [...half.api.informer(events).list()].filter(({ reason }) => reason === 'ProvisioningFailed');
  const revision = async () => Number((await half.api.list(persistentVolumeClaims, { limit: 1 })).resourceVersion);

  async function until(wished: () => boolean, limit = 60_000): Promise<void> {
    const started = performance.now();
    while (!wished()) {
      if (performance.now() - started > limit) {
        throw new Error(`in vain: ${bound().length} bound, ${eventsOf().length} events`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  /** Waits until nothing is written for a second. */
  async function settled(): Promise<void> {
    for (let before = -1, now = await revision(); now > before + 2; now = await revision()) {
      before = now;
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }

  /** What the pool may promise in all, and what its Volumes have been promised: of 256Mi as many as fit, and no more. */
  function expectFull(left = 256n << 20n): void {
    const [seen] = half.api.informer(pools).get({ name: 'default' })?.status?.nodes ?? [];
    const most = (bytesOf(seen?.total ?? '0') * 95n) / 100n;
    const sizes = [...half.api.informer(volumes).list()].map(({ spec, status }) => bytesOf(status?.size ?? spec.size));
    const promised = sizes.reduce((sum, size) => sum + size, 0n);
    expect(promised).toBeLessThanOrEqual(most);
    expect(most - promised).toBeLessThan(left);
  }

  test('cost next to nothing, and each has one event that says why', async () => {
    const before = await revision();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect((await revision()) - before).toBeLessThan(20);
    const waiting = count - bound().length;
    expect(eventsOf()).toHaveLength(waiting);
    expect(new Set(eventsOf().map(({ involvedObject }) => involvedObject.name)).size).toBe(waiting);
    expect(eventsOf()[0]?.message).toMatch(
      /code = RESOURCE_EXHAUSTED.*pool default on here can promise .* more, 256Mi/,
    );
    expect([...half.api.informer(volumes).list()]).toHaveLength(bound().length);
  });

  test('are met, and no more of them than fit, soon after others are deleted', async () => {
    const had = bound();
    for (const { metadata } of had.slice(0, 5)) {
      await half.api.delete(persistentVolumeClaims, { namespace: 'default', name: metadata.name });
    }
    const names = new Set(had.map(({ metadata }) => metadata.name));
    await until(() => bound().filter(({ metadata }) => !names.has(metadata.name)).length >= 5, soon);
    await settled();
    expect(bound()).toHaveLength(had.length);
    expectFull();
    const told = eventsOf().filter(({ involvedObject }) => involvedObject.name === 'claim-299');
    expect(told).toMatchObject([{ count: 1 }]);
  });

  test('wait behind none that wants more than is free', async () => {
    const names = new Set(bound().map(({ metadata }) => metadata.name));
    await claim('large', '1Gi');
    await until(() => eventsOf().some(({ involvedObject }) => involvedObject.name === 'large'));
    const [first] = bound();
    await half.api.delete(persistentVolumeClaims, { namespace: 'default', name: first?.metadata.name ?? '' });
    await until(() => bound().some(({ metadata }) => !names.has(metadata.name)), soon);
    await settled();
    expect(bound()).toHaveLength(names.size);
    expect(bound().map(({ metadata }) => metadata.name)).not.toContain('large');
    expectFull();
  });

  test('a growth that there is no room for is no wish of the Volume, and is met when there is room', async () => {
    await settled();
    const [first, second, third, fourth, fifth, sixth] = bound();
    const name = first?.metadata.name ?? '';
    // The others have waited longer, and want as much: so none of them is left for this.
    for (const { metadata, status } of [...half.api.informer(persistentVolumeClaims).list()]) {
      if (status?.phase !== 'Bound') {
        await half.api.delete(persistentVolumeClaims, { namespace: 'default', name: metadata.name });
      }
    }
    const body = { spec: { resources: { requests: { storage: '1Gi' } } } };
    await half.api.patch(persistentVolumeClaims, { namespace: 'default', name }, { type: 'merge', body });
    const refused = () =>
      [...half.api.informer(events).list()].some(
        ({ reason, involvedObject }) => reason === 'VolumeResizeFailed' && involvedObject.name === name,
      );
    await until(refused);
    const volume = () => half.api.informer(volumes).get({ name: first?.spec.volumeName ?? '' });
    expect(volume()?.spec.size).toBe('256Mi');
    await settled();
    const before = await revision();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await revision()) - before).toBeLessThan(20);
    for (const it of [second, third, fourth, fifth, sixth]) {
      await half.api.delete(persistentVolumeClaims, { namespace: 'default', name: it?.metadata.name ?? '' });
    }
    await until(() => volume()?.status?.size === '1Gi', soon);
    // Of the five that went, three are in it now.
    expectFull(3n * (256n << 20n));
  });

  test('are met when the pool grows', async () => {
    for (let index = 0; index < 30; index++) await claim(`later-${index}`, '256Mi');
    await until(() => eventsOf().some(({ involvedObject }) => involvedObject.name?.startsWith('later')));
    await settled();
    const had = bound().length;
    await half.api.patch(pools, { name: 'default' }, { type: 'merge', body: { spec: { size: '7Gi' } } });
    await until(() => bound().length >= had + 2, 4_000);
    await settled();
    expectFull();
  });
});
