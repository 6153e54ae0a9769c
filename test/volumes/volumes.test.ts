import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { exec } from '../../src/lib/exec.ts';
import {
  type PersistentVolume,
  persistentVolumes,
  type VolumeSnapshotContent,
  volumeSnapshotContents,
} from '../../src/model/kinds/index.ts';
import { pools, type Snapshot, snapshots, type Volume, volumes } from '../../src/model/kinds/moorage.ts';
import { letGo, makeScratch } from '../engines/local-scratch.ts';
import {
  isReady,
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

let scratch: Awaited<ReturnType<typeof makeScratch>>;
let rig: Rig;

/** A PersistentVolume for a Volume, as an administrator writes it. */
const volumeOver = (name: string, volumeHandle: string): PersistentVolume => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: {
    capacity: { storage: '64Mi' },
    accessModes: ['ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: '',
    csi: { driver: 'csi.moorage.dev', volumeHandle },
  },
});

const contentOver = (name: string, snapshotHandle: string): VolumeSnapshotContent => ({
  apiVersion: 'snapshot.storage.k8s.io/v1',
  kind: 'VolumeSnapshotContent',
  metadata: { name },
  spec: {
    driver: 'csi.moorage.dev',
    deletionPolicy: 'Retain',
    source: { snapshotHandle },
    volumeSnapshotRef: { namespace: 'x', name: 'y' },
  },
});

const gone = (object: unknown) => object === undefined;
const attach = (object: Volume, attachments: NonNullable<Volume['status']>['attachments']) =>
  rig.api.updateStatus(volumes, { ...object, status: { ...object.status, attachments } });

describe.runIf(process.getuid?.() === 0)('volumes, snapshots and pools', () => {
  beforeEach(async () => {
    scratch = await makeScratch();
    rig = await openRig(scratch.path);
    await rig.api.create(pools, pool('default', { size: '1Gi' }));
    await readyPool(rig.api, 'default');
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  test('a volume becomes ready where there is room, and goes with its bytes', async () => {
    await rig.api.create(volumes, volume('a'));
    const ready = await readyVolume(rig.api, 'a');
    expect(ready.status).toMatchObject({ size: '64Mi', placement: { pool: 'default', node: 'here', engine: 'local' } });
    expect(await rig.engine.volumes.get('volume', { pool: 'default', name: 'a' })).toBeDefined();
    await rig.api.delete(volumes, { name: 'a' });
    await until(rig.api, volumes, 'a', gone);
    expect(await rig.engine.volumes.list('default')).toEqual([]);
  });

  test('a volume that selects pools by their labels waits for one, and is told why', async () => {
    const wished = volume('a');
    await rig.api.create(volumes, { ...wished, spec: { ...wished.spec, poolSelector: 'disk=nvme' } });
    const broken = volume('b');
    await rig.api.create(volumes, { ...broken, spec: { ...broken.spec, poolSelector: 'a=(' } });
    const refused = (it: Volume | undefined) => it?.status?.refusals !== undefined;
    expect((await until(rig.api, volumes, 'a', refused))?.status?.refusals).toMatchObject([
      { reason: 'NoPool', message: expect.stringContaining('disk=nvme') },
    ]);
    expect((await until(rig.api, volumes, 'b', refused))?.status?.refusals).toMatchObject([
      { reason: 'SelectorInvalid' },
    ]);
    const body = { metadata: { labels: { disk: 'nvme' } } };
    await rig.api.patch(pools, { name: 'default' }, { type: 'merge', body });
    expect((await readyVolume(rig.api, 'a')).status?.placement).toMatchObject({ pool: 'default' });
  });

  test('a volume with our finalizer costs its creation and one write', async () => {
    const made = volume('a');
    const changes: string[] = [];
    using _ = rig.api.informer(volumes).onChange(({ type }) => changes.push(type));
    await rig.api.create(volumes, { ...made, metadata: { ...made.metadata, finalizers: ['moorage.dev/volume'] } });
    await readyVolume(rig.api, 'a');
    expect(changes).toEqual(['added', 'modified']);
  });

  test('no room is said with numbers, and mended by a deletion without being asked again', async () => {
    await rig.api.create(volumes, volume('big', { size: '600Mi' }));
    await readyVolume(rig.api, 'big');
    await rig.api.create(volumes, volume('late', { size: '600Mi' }));
    const waiting = await until(rig.api, volumes, 'late', (it) => (it?.status?.refusals ?? []).length > 0);
    expect(waiting.status?.refusals?.[0]?.message).toMatch(
      /^pool default on here can promise .*Mi more, 600Mi was asked for$/,
    );
    expect(rig.events.join()).toContain('PlacementRefused');
    await rig.api.delete(volumes, { name: 'big' });
    const ready = await readyVolume(rig.api, 'late');
    expect(ready.status?.refusals).toBeUndefined();
  });

  test('a burst can not promise more than there is', async () => {
    const names = Array.from({ length: 40 }, (_, n) => `v${n}`);
    await Promise.all(names.map((name) => rig.api.create(volumes, volume(name))));
    const settled = (it: Volume | undefined) => isReady(it) || (it?.status?.refusals ?? []).length > 0;
    const all = await Promise.all(names.map((name) => until(rig.api, volumes, name, settled)));
    const total = 64n * BigInt(all.filter(isReady).length);
    expect(total).toBeGreaterThan(700n);
    expect(total).toBeLessThan(1024n);
  });

  test('a volume grows, and a growth that does not fit leaves it as it is', async () => {
    await rig.api.create(volumes, volume('a'));
    const ready = await readyVolume(rig.api, 'a');
    await rig.api.update(volumes, { ...ready, spec: { ...ready.spec, size: '128Mi' } });
    const grown = await until(rig.api, volumes, 'a', (it) => it?.status?.size === '128Mi');
    await rig.api.update(volumes, { ...grown, spec: { ...grown.spec, size: '4Gi' } });
    const refused = await until(rig.api, volumes, 'a', (it) => (it?.status?.refusals ?? []).length > 0);
    expect(refused.status).toMatchObject({ phase: 'Ready', size: '128Mi' });
    const small = rig.api.informer(pools).get({ name: 'default' });
    await rig.api.update(pools, { ...(small ?? pool('default')), spec: { ...pool('default', { size: '6Gi' }).spec } });
    await until(rig.api, volumes, 'a', (it) => it?.status?.size === '4Gi');
  });

  test('snapshots and clones stand alone; a copy waits for its source', async () => {
    await rig.api.create(snapshots, snapshot('s', 'a'));
    const failed = await until(rig.api, snapshots, 's', (it) => it?.status?.phase === 'Failed');
    expect(failed.status?.conditions?.[0]?.message).toMatch(/no volume a/);
    expect(failed.status?.error).toEqual({ code: 'not-found', message: 'there is no volume a to take it of' });
    await rig.api.create(volumes, volume('b', { source: { kind: 'Snapshot', name: 's2' } }));
    await rig.api.create(volumes, volume('a'));
    await rig.api.create(snapshots, snapshot('s2', 'a'));
    await readySnapshot(rig.api, 's2');
    await readyVolume(rig.api, 'b');
    await rig.api.delete(volumes, { name: 'a' });
    await until(rig.api, volumes, 'a', gone);
    await rig.api.create(volumes, volume('c', { source: { kind: 'Snapshot', name: 's2' } }));
    await readyVolume(rig.api, 'c');
    await rig.api.delete(snapshots, { name: 's2' });
    await until(rig.api, snapshots, 's2', gone);
  });

  test('a volume that a node has is deleted only once it lets go', async () => {
    await rig.api.create(volumes, volume('a'));
    const ready = await readyVolume(rig.api, 'a');
    await attach(ready, [{ node: 'here', mode: 'ReadWrite', since: '2026-01-01T00:00:00Z' }]);
    await rig.api.delete(volumes, { name: 'a' });
    const held = await until(rig.api, volumes, 'a', (it) => it?.status?.conditions?.[0]?.reason === 'InUse');
    expect(await rig.engine.volumes.get('volume', { pool: 'default', name: 'a' })).toBeDefined();
    await attach(held, []);
    await until(rig.api, volumes, 'a', gone);
  });

  test('what a PersistentVolume or a content names stays until that is gone, and can be used', async () => {
    await rig.api.create(volumes, volume('a'));
    const { metadata } = await readyVolume(rig.api, 'a');
    await rig.api.create(snapshots, snapshot('s', 'a'));
    await readySnapshot(rig.api, 's');
    await rig.api.create(persistentVolumes, volumeOver('static', 'a'));
    await rig.api.create(volumeSnapshotContents, contentOver('content', 's'));
    await rig.api.delete(volumes, { name: 'a' });
    await rig.api.delete(snapshots, { name: 's' });
    const held = (it: Volume | Snapshot | undefined) =>
      it?.status?.conditions?.some(({ reason }) => reason === 'StillReferenced') ?? false;
    const [kept, copy] = [await until(rig.api, volumes, 'a', held), await until(rig.api, snapshots, 's', held)];
    expect(kept.status?.conditions?.[0]?.message).toMatch(/^PersistentVolume static needs it: its data stays, and can/);
    expect(copy.status?.conditions?.[0]?.message).toMatch(
      /^VolumeSnapshotContent content of VolumeSnapshot x\/y needs/,
    );
    expect(rig.events.filter((it) => it.startsWith('StillReferenced'))).toHaveLength(2);
    expect(await rig.engine.volumes.get('volume', { pool: 'default', name: 'a' })).toMatchObject({ uid: metadata.uid });
    await rig.api.create(volumes, volume('rescued', { source: { kind: 'Volume', name: 'a' } }));
    await readyVolume(rig.api, 'rescued');
    await rig.api.delete(volumes, { name: 'rescued' });
    await until(rig.api, volumes, 'rescued', gone);
    // Nobody here sees that no claim has it.
    const body = { metadata: { finalizers: null } };
    await rig.api.patch(persistentVolumes, { name: 'static' }, { type: 'merge', body });
    await rig.api.delete(persistentVolumes, { name: 'static' });
    await rig.api.delete(volumeSnapshotContents, { name: 'content' });
    await until(rig.api, volumes, 'a', gone);
    await until(rig.api, snapshots, 's', gone);
    expect(await rig.engine.volumes.list('default')).toEqual([]);
  });

  test('a source stays while a copy of it is being made', async () => {
    await rig.api.create(volumes, volume('a'));
    await readyVolume(rig.api, 'a');
    await rig.api.create(volumes, volume('huge', { size: '4Gi', source: { kind: 'Volume', name: 'a' } }));
    await until(rig.api, volumes, 'huge', (it) => it?.status?.refusals !== undefined);
    await rig.api.delete(volumes, { name: 'a' });
    const { status } = await until(rig.api, volumes, 'a', (it) => it?.status?.conditions?.[0]?.status === 'False');
    expect(status?.conditions?.[0]?.message).toMatch(/^Volume huge is being made from it/);
    await rig.api.delete(volumes, { name: 'huge' });
    await until(rig.api, volumes, 'a', gone);
  });

  test('what can not be deleted whole stays, and says what keeps it', async () => {
    await rig.api.create(volumes, volume('a'));
    await readyVolume(rig.api, 'a');
    await rig.api.create(snapshots, snapshot('s', 'a'));
    await readySnapshot(rig.api, 's');
    const shelves = join(scratch.path, 'pools/default/fs');
    const kept = [join(shelves, 'volumes/.deleting-a/data'), join(shelves, 'snapshots/.deleting-s/data')] as const;
    for (const file of ['volumes/a/data', 'snapshots/s/data']) await exec(['chattr', '+i', join(shelves, file)]);
    await rig.api.delete(volumes, { name: 'a' });
    await rig.api.delete(snapshots, { name: 's' });
    const said = [
      await until(rig.api, volumes, 'a', (it) => it?.status?.phase === 'Deleting'),
      await until(rig.api, snapshots, 's', (it) => it?.status?.phase === 'Deleting'),
    ];
    for (const [index, { status }] of said.entries()) {
      const [ready] = status?.conditions ?? [];
      expect(ready).toMatchObject({ type: 'Ready', status: 'False', reason: 'DeleteFailed' });
      expect(ready?.message).toContain(`${kept[index]} can't be removed: it is not permitted`);
    }
    for (const file of kept) await exec(['chattr', '-i', file]);
    await until(rig.api, volumes, 'a', (it) => it === undefined, 60_000);
    await until(rig.api, snapshots, 's', (it) => it === undefined, 60_000);
    expect(await readdir(join(shelves, 'volumes'))).toEqual([]);
    expect(await readdir(join(shelves, 'snapshots'))).toEqual([]);
  });

  test('everything is found again after a stop, and after a reboot', async () => {
    await rig.api.create(volumes, volume('a'));
    await readyVolume(rig.api, 'a');
    await rig[Symbol.asyncDispose]();
    rig = await openRig(scratch.path);
    expect(await rig.engine.volumes.get('volume', { pool: 'default', name: 'a' })).toBeDefined();
    await rig[Symbol.asyncDispose]();
    await letGo(scratch.path);
    rig = await openRig(scratch.path);
    await rig.api.create(volumes, volume('b', { source: { kind: 'Volume', name: 'a' } }));
    await readyVolume(rig.api, 'b');
  });

  test('bytes that were made just before a crash are found, not made again elsewhere', async () => {
    await rig.api.create(pools, pool('other', { size: '2Gi' }));
    await readyPool(rig.api, 'other');
    const made = await rig.api.create(volumes, volume('x', { nodes: ['nowhere'] }));
    await until(rig.api, volumes, 'x', (it) => (it?.status?.refusals ?? []).length > 0);
    const uid = made.metadata.uid ?? '';
    await rig.engine.volumes.create({ pool: 'default', name: 'x', uid, size: 64n << 20n, provisioning: 'thin' });
    await rig.api.delete(volumes, { name: 'x' });
    await until(rig.api, volumes, 'x', gone);
    expect(await rig.engine.volumes.list('default')).toEqual([]);
  });

  test('a pool that is not empty stays until it is, and then leaves nothing', async () => {
    await rig.api.create(volumes, volume('a'));
    await readyVolume(rig.api, 'a');
    await rig.api.delete(pools, { name: 'default' });
    await until(
      rig.api,
      pools,
      'default',
      (it) => it?.status?.conditions?.some(({ reason }) => reason === 'Deleting') ?? false,
    );
    await rig.api.delete(volumes, { name: 'a' });
    await until(rig.api, pools, 'default', gone);
    expect(await readdir(join(scratch.path, 'pools/default'))).toEqual([]);
  });

  test('a pool that can not be opened says why, and does not stop the others', async () => {
    const place = join(scratch.path, 'theirs');
    await mkdir(place);
    await writeFile(join(place, 'photo.jpg'), '');
    await rig.api.create(pools, pool('bad', { path: place }));
    const failed = await until(rig.api, pools, 'bad', (it) => it?.status?.phase === 'Failed');
    expect(failed.status?.conditions?.[0]?.message).toContain('photo.jpg');
    await rig.api.create(volumes, volume('a'));
    await readyVolume(rig.api, 'a');
    await rig.api.create(volumes, volume('b', { pool: 'bad' }));
    const refused = await until(rig.api, volumes, 'b', (it) => (it?.status?.refusals ?? []).length > 0);
    expect(refused.status?.refusals?.[0]).toMatchObject({ pool: 'bad', reason: 'PoolNotReady' });
    await rig.api.delete(pools, { name: 'bad' });
    await until(rig.api, pools, 'bad', gone);
  });

  test('what is promised shows in the pool, and nothing is written while nothing happens', async () => {
    await rig.api.create(volumes, volume('a'));
    await readyVolume(rig.api, 'a');
    const seen = await until(rig.api, pools, 'default', (it) => it?.status?.nodes?.[0]?.allocated === '64Mi');
    expect(seen.status?.conditions?.map(({ type, status }) => [type, status])).toEqual([
      ['Ready', 'True'],
      ['NearlyFull', 'False'],
      ['Full', 'False'],
    ]);
    const before = rig.api.resourceVersion;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(rig.api.resourceVersion).toBe(before);
  });
});
