import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../src/csi/protocol/csi_pb.ts';
import { snapshots, volumes } from '../../src/model/kinds/moorage.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { openStorageHalf, type StorageHalf } from './storage-half.ts';

const MiB = 1n << 20n;
const merge = (body: object) => ({ type: 'merge', body }) as const;

describe.skipIf(process.getuid?.() !== 0)('what has failed', () => {
  let scratch: Awaited<ReturnType<typeof makeScratch>>;
  let half: StorageHalf;
  beforeAll(async () => {
    scratch = await makeScratch();
    half = await openStorageHalf(join(scratch.path, 'data'), { backend: 'image' });
  });
  afterAll(async () => {
    await half[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  const create = (name: string, requiredBytes: bigint, provisioning = 'thin') =>
    half.client.controller.createVolume({
      name,
      parameters: { provisioning },
      capacityRange: { requiredBytes },
      volumeCapabilities: [{ accessMode: { mode: Mode.SINGLE_NODE_WRITER }, accessType: { case: 'mount', value: {} } }],
    });
  const snap = (name: string, sourceVolumeId: string) =>
    half.client.controller.createSnapshot({ name, sourceVolumeId });

  test('a volume or snapshot whose name has the bytes of another one says so, and leaves them', async () => {
    const other = { pool: 'default', uid: 'another' };
    await half.engine.volumes.create({ ...other, name: 'taken', size: 64n * MiB, provisioning: 'thin' });
    await half.engine.volumes.snapshot({ ...other, name: 'taken', volume: 'taken' });
    await create('source', 64n * MiB);
    const answer = {
      status: status.FAILED_PRECONDITION,
      message: expect.stringContaining('belongs to another object'),
    };
    await expect(create('taken', 64n * MiB)).rejects.toMatchObject(answer);
    await expect(snap('taken', 'source')).rejects.toMatchObject(answer);
    expect(await half.api.get(volumes, { name: 'taken' })).toBeUndefined();
    expect(await half.api.get(snapshots, { name: 'taken' })).toBeUndefined();
    const bytes = (await half.engine.volumes.list('default')).filter(({ name }) => name === 'taken');
    expect(bytes.map(({ uid }) => uid)).toEqual(['another', 'another']);
  });

  test('a snapshot that there is no room for is exhausted', async () => {
    await create('large', 3072n * MiB, 'thick');
    await expect(snap('too-much', 'large')).rejects.toMatchObject({ status: status.RESOURCE_EXHAUSTED });
    expect(await half.api.get(snapshots, { name: 'too-much' })).toBeUndefined();
  });

  test('a snapshot that has failed before there were codes is told of by its reason, and withdrawn', async () => {
    const spec = { volume: 'missing' };
    const made = { apiVersion: 'moorage.dev/v1alpha1', kind: 'Snapshot', metadata: { name: 'old' }, spec } as const;
    await half.api.create(snapshots, made);
    const { api } = half;
    await expect.poll(() => api.informer(snapshots).get({ name: 'old' })?.status?.phase).toBe('Failed');
    await api.patch(snapshots, { name: 'old' }, merge({ status: { error: null } }), { subresource: 'status' });
    await expect.poll(() => api.informer(snapshots).get({ name: 'old' })?.status?.error).toBeUndefined();
    await expect(snap('old', 'missing')).rejects.toMatchObject({
      status: status.NOT_FOUND,
      message: expect.stringContaining('there is no volume missing'),
    });
    expect(await half.api.get(snapshots, { name: 'old' })).toBeUndefined();
  });
});
