import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openTemporaryApi } from '../../api/embedded/temporary.ts';
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../model/kinds/core.ts';
import { claimWith, volumeWith } from '../fixtures.ts';
import { Freshest } from '../objects/freshest.ts';
import { BinderBacklog } from './binder-backlog.ts';

const withoutFinalizers = { type: 'merge', body: { metadata: { finalizers: [] } } } as const;
type Phase = NonNullable<PersistentVolume['status']>['phase'];

describe('while the binder has something to write about a volume, nothing is bound', () => {
  let store: Awaited<ReturnType<typeof openTemporaryApi>>;
  let backlog: BinderBacklog;
  let open: DisposableStack;
  const retried: string[] = [];

  beforeEach(async () => {
    retried.length = 0;
    store = await openTemporaryApi();
    open = new DisposableStack();
    const volumes = store.api.informer(persistentVolumes);
    const claims = store.api.informer(persistentVolumeClaims);
    const fresh = open.use(new Freshest(volumes));
    backlog = open.use(new BinderBacklog(claims, volumes, fresh, (key) => retried.push(key)));
  });
  afterEach(async () => {
    open.dispose();
    await store[Symbol.asyncDispose]();
  });

  const makeClaim = () => store.api.create(persistentVolumeClaims, { ...claimWith(), metadata: meta });
  const meta = { name: 'data', namespace: 'default' };
  const makeVolume = (claim?: PersistentVolumeClaim) => {
    const { claimRef: _, ...spec } = volumeWith().spec;
    const claimRef = claim && { namespace: 'default', name: 'data', uid: claim.metadata.uid };
    return store.api.create(persistentVolumes, { ...volumeWith(), spec: { ...spec, ...(claimRef && { claimRef }) } });
  };
  const say = (volume: PersistentVolume, phase: Phase) =>
    store.api.updateStatus(persistentVolumes, { ...volume, status: { phase } });
  const name = (claim: PersistentVolumeClaim, volumeName: string) =>
    store.api.update(persistentVolumeClaims, { ...claim, spec: { ...claim.spec, volumeName } });

  test('a volume of an administrator, until it is Available', async () => {
    const volume = await makeVolume();
    expect(backlog.holds('default/other')).toBe(true);
    await say(volume, 'Available');
    expect(retried).toEqual(['default/other']);
    expect(backlog.holds('default/other')).toBe(false);
  });

  test('not a volume that was just made for a claim, nor one that is bound', async () => {
    const claim = await makeClaim();
    const volume = await say(await makeVolume(claim), 'Bound');
    expect(backlog.holds('default/other')).toBe(false);
    await name(claim, volume.metadata.name);
    expect(backlog.holds('default/other')).toBe(false);
  });

  test('a volume whose claim names it before it is Bound', async () => {
    const claim = await makeClaim();
    const volume = await makeVolume(claim);
    await name(claim, volume.metadata.name);
    expect(backlog.holds('default/other')).toBe(true);
    await say(volume, 'Bound');
    expect(retried).toEqual(['default/other']);
  });

  test('a volume whose claim is gone, until it is Released', async () => {
    const claim = await makeClaim();
    const volume = await say(await makeVolume(claim), 'Bound');
    await store.api.delete(persistentVolumeClaims, meta);
    await store.api.patch(persistentVolumeClaims, meta, withoutFinalizers);
    expect(backlog.holds('default/other')).toBe(true);
    await say(volume, 'Released');
    expect(retried).toEqual(['default/other']);
  });

  test('a volume whose claim took another one', async () => {
    const claim = await makeClaim();
    const volume = await say(await makeVolume(claim), 'Bound');
    await name(claim, 'another');
    expect(backlog.holds('default/other')).toBe(true);
    await store.api.delete(persistentVolumes, { name: volume.metadata.name });
    await store.api.patch(persistentVolumes, { name: volume.metadata.name }, withoutFinalizers);
    expect(retried).toEqual(['default/other']);
  });
});
