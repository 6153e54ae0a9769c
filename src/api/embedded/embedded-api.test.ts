import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import {
  configMaps,
  namespaces,
  nodes,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  pods,
  secrets,
  storageClasses,
} from '../../model/kinds/index.ts';
import { pools } from '../../model/kinds/moorage.ts';
import { openTemporaryApi } from './temporary.ts';
import { InvalidObject } from './writing/invalid-object.ts';

function claim(name: string, more: Partial<PersistentVolumeClaim['metadata']> = {}): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'default', ...more },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
}
const ref = { namespace: 'default', name: 'data' };

describe('create', () => {
  test('sets what only the server sets, and drops what the client said of it', async () => {
    await using store = await openTemporaryApi();
    const given = claim('data', { uid: 'mine', generation: 7, deletionTimestamp: '2020-01-01T00:00:00Z' });
    const made = await store.api.create(persistentVolumeClaims, { ...given, status: { phase: 'Bound' } });
    expect(made.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
    expect(Date.parse(made.metadata.creationTimestamp ?? '')).toBeGreaterThan(Date.now() - 5_000);
    expect(made.metadata).not.toHaveProperty('generation');
    expect(made.metadata).not.toHaveProperty('deletionTimestamp');
    expect(made.status?.phase).toBe('Pending');
    expect(await store.api.get(persistentVolumeClaims, ref)).toBe(made);
    expect(store.api.informer(persistentVolumeClaims).get(ref)).toBe(made);
    expect(given.metadata.uid).toBe('mine');
  });

  test('hands out deeply frozen objects and leaves the caller its own', async () => {
    await using store = await openTemporaryApi();
    const given = claim('data');
    const made = await store.api.create(persistentVolumeClaims, given);
    expect(Object.isFrozen(made.spec.resources?.requests)).toBe(true);
    given.spec.accessModes?.push('ReadWriteMany');
    expect(made.spec.accessModes).toEqual(['ReadWriteOnce']);
  });

  test('makes names from generateName', async () => {
    await using store = await openTemporaryApi();
    const made = await Promise.all(
      Array.from({ length: 20 }, () => store.api.create(persistentVolumeClaims, claim('', { generateName: 'data-' }))),
    );
    const names = made.map(({ metadata }) => metadata.name);
    expect(new Set(names).size).toBe(20);
    for (const name of names) expect(name).toMatch(/^data-[a-z0-9]{5}$/);
  });

  test('refuses what a real server refuses, in its words', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await api.create(persistentVolumeClaims, claim('data'));
    await expect(api.create(persistentVolumeClaims, claim('data'))).rejects.toMatchObject({
      code: 'already-exists',
      message: 'persistentvolumeclaims "data" already exists',
    });
    await expect(api.create(persistentVolumeClaims, claim('x', { namespace: 'nowhere' }))).rejects.toMatchObject({
      code: 'not-found',
      message: 'namespaces "nowhere" not found',
    });
    await expect(api.create(persistentVolumeClaims, claim('x', { resourceVersion: '1' }))).rejects.toMatchObject({
      code: 'invalid',
    });
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', namespace: 'default' } };
    await expect(api.fromOutside.create(pods, pod as never)).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('from outside', () => {
  test('names each broken field', async () => {
    await using store = await openTemporaryApi();
    const bad = {
      ...claim('Data'),
      spec: { accessModes: ['Sometimes'], resources: { requests: { storage: 'much' } } },
    };
    const error: unknown = await store.api.fromOutside.create(persistentVolumeClaims, bad as never).catch((it) => it);
    expect(error).toBeInstanceOf(InvalidObject);
    expect(error).toMatchObject({
      code: 'invalid',
      causes: [
        { field: 'spec.accessModes', reason: 'FieldValueNotSupported' },
        { field: 'spec.resources.requests[storage]', reason: 'FieldValueInvalid' },
      ],
    });
    const upperCase = store.api.fromOutside.create(persistentVolumeClaims, claim('Data'));
    await expect(upperCase).rejects.toMatchObject({ causes: [{ field: 'metadata.name' }] });
  });

  test('fills in defaults of the schema', async () => {
    await using store = await openTemporaryApi();
    const pool = { apiVersion: 'moorage.dev/v1alpha1', kind: 'Pool', metadata: { name: 'fast' }, spec: {} };
    const made = await store.api.fromOutside.create(pools, pool as never);
    expect(made.spec).toMatchObject({ engine: 'local', backend: 'auto' });
    expect(made.metadata.generation).toBe(1);
  });
});

describe('update', () => {
  test('a lost race is a conflict; without a version it is unconditional', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    const first = await api.create(persistentVolumeClaims, claim('data'));
    const labelled = { ...first, metadata: { ...first.metadata, labels: { app: 'db' } } };
    const results = await Promise.allSettled([
      api.update(persistentVolumeClaims, labelled),
      api.update(persistentVolumeClaims, { ...first, metadata: { ...first.metadata, labels: { app: 'web' } } }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(results[1]).toMatchObject({ reason: { code: 'conflict' } });
    const { resourceVersion: _, ...metadata } = labelled.metadata;
    await api.update(persistentVolumeClaims, { ...labelled, metadata: { ...metadata, labels: { app: 'x' } } });
    expect((await api.get(persistentVolumeClaims, ref))?.metadata.labels).toEqual({ app: 'x' });
  });

  test('a write that changes nothing changes no version and tells nobody', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    const made = await api.create(persistentVolumeClaims, claim('data'));
    const before = api.resourceVersion;
    expect(await api.update(persistentVolumeClaims, structuredClone(made))).toBe(made);
    expect(await api.updateStatus(persistentVolumeClaims, structuredClone(made))).toBe(made);
    expect(await api.patch(persistentVolumeClaims, ref, { type: 'merge', body: { metadata: { labels: {} } } })).toBe(
      made,
    );
    expect(api.resourceVersion).toBe(before);
  });

  test('spec and status are written apart; only the spec counts up the generation', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    const pool = await api.fromOutside.create(pools, {
      apiVersion: 'moorage.dev/v1alpha1',
      kind: 'Pool',
      metadata: { name: 'fast' },
      spec: {},
    } as never);
    const both = { ...pool, spec: { ...pool.spec, overProvisioning: 2 }, status: { phase: 'Ready' as const } };
    const updated = await api.update(pools, both);
    expect(updated.status).toEqual(pool.status);
    expect(updated.metadata.generation).toBe(2);
    const told = await api.updateStatus(pools, {
      ...updated,
      spec: { ...updated.spec, overProvisioning: 3 },
      status: { phase: 'Ready' },
    });
    expect(told.spec.overProvisioning).toBe(2);
    expect(told.status?.phase).toBe('Ready');
    expect(told.metadata.generation).toBe(2);
  });

  test('dry run checks and answers, and writes nothing', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    const before = api.resourceVersion;
    const tried = await api.create(persistentVolumeClaims, claim('data'), { dryRun: true });
    expect(tried.metadata.uid).toBeDefined();
    expect(await api.get(persistentVolumeClaims, ref)).toBeUndefined();
    expect(api.resourceVersion).toBe(before);
  });

  test('of an object that is not there is not-found', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await expect(api.update(persistentVolumeClaims, claim('data'))).rejects.toMatchObject({
      code: 'not-found',
      message: 'persistentvolumeclaims "data" not found',
    });
    expect(await api.delete(persistentVolumeClaims, ref)).toBeUndefined();
  });
});

describe('delete', () => {
  test('waits for finalizers, takes no new ones, and ends with the last', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await api.create(persistentVolumeClaims, claim('data', { finalizers: ['example.com/mine'] }));
    const going = await api.delete(persistentVolumeClaims, ref);
    expect(going?.metadata.deletionTimestamp).toBeDefined();
    expect(await api.delete(persistentVolumeClaims, ref)).toEqual(going);
    const finalizers = (list: string[]) =>
      api.patch(persistentVolumeClaims, ref, { type: 'merge', body: { metadata: { finalizers: list } } });
    await expect(finalizers(['example.com/mine', 'example.com/late'])).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('no new finalizers can be added if the object is being deleted'),
    });
    await finalizers(['example.com/mine']);
    expect(await api.get(persistentVolumeClaims, ref)).toBeDefined();
    await finalizers([]);
    expect(await api.get(persistentVolumeClaims, ref)).toBeUndefined();
  });

  test('keeps to its preconditions', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    const wrong = api.delete(nodes, { name: 'n' }, { preconditions: { uid: 'another' } });
    await expect(wrong).rejects.toMatchObject({ code: 'conflict' });
    expect(await api.get(nodes, { name: 'n' })).toBeDefined();
  });

  test.each([
    ['Foreground', ['foregroundDeletion']],
    ['Orphan', ['orphan']],
  ] as const)('%s leaves a finalizer for the garbage collector', async (propagationPolicy, finalizers) => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    const going = await api.delete(nodes, { name: 'n' }, { propagationPolicy });
    expect(going?.metadata.finalizers).toEqual(finalizers);
  });
});

describe('admission', () => {
  const storageClass = (name: string, more: object) => ({
    apiVersion: 'storage.k8s.io/v1' as const,
    kind: 'StorageClass' as const,
    metadata: { name, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner: 'csi.moorage.dev',
    ...more,
  });

  test('claims get their finalizer and the default class', async () => {
    await using store = await openTemporaryApi();
    await store.api.create(storageClasses, storageClass('standard', {}));
    const made = await store.api.create(persistentVolumeClaims, claim('data'));
    expect(made.metadata.finalizers).toEqual(['kubernetes.io/pvc-protection']);
    expect(made.spec.storageClassName).toBe('standard');
    const none = claim('none');
    none.spec.storageClassName = '';
    expect((await store.api.create(persistentVolumeClaims, none)).spec.storageClassName).toBe('');
  });

  test('claims grow when they are bound and their class allows it', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await api.create(storageClasses, storageClass('rigid', {}));
    const made = await api.create(persistentVolumeClaims, claim('data'));
    const grown = (storage: string) =>
      api.fromOutside.patch(persistentVolumeClaims, ref, {
        type: 'merge',
        body: { spec: { resources: { requests: { storage } } } },
      });
    await expect(
      api.patch(persistentVolumeClaims, ref, {
        type: 'merge',
        body: { spec: { resources: { requests: { storage: '2Gi' } } } },
      }),
    ).rejects.toMatchObject({
      code: 'permission',
      message: 'persistentvolumeclaims "data" is forbidden: Only bound persistent volume claims can be expanded',
    });
    await api.updateStatus(persistentVolumeClaims, {
      ...made,
      status: { phase: 'Bound', capacity: { storage: '1Gi' } },
    });
    await expect(grown('2Gi')).rejects.toMatchObject({
      message:
        'persistentvolumeclaims "data" is forbidden: only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize',
    });
    await api.patch(storageClasses, { name: 'rigid' }, { type: 'merge', body: { allowVolumeExpansion: true } });
    expect((await grown('2Gi')).spec.resources?.requests).toEqual({ storage: '2Gi' });
    await expect(grown('500Mi')).rejects.toMatchObject({
      message: expect.stringContaining('field can not be less than status.capacity'),
    });
  });

  test('the text of a secret becomes its data', async () => {
    await using store = await openTemporaryApi();
    const made = await store.api.create(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'key', namespace: 'default' },
      stringData: { key: 'open' },
    });
    expect(made).toMatchObject({ data: { key: 'b3Blbg==' } });
    expect(made).not.toHaveProperty('stringData');
  });

  test('built-in namespaces stay; others wait for their content, and take no more', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    await expect(api.delete(namespaces, { name: 'default' })).rejects.toMatchObject({
      code: 'permission',
      message: 'namespaces "default" is forbidden: this namespace may not be deleted',
    });
    await api.fromOutside.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const going = await api.delete(namespaces, { name: 'shop' });
    expect(going).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Terminating' } });
    await expect(
      api.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'shop' } }),
    ).rejects.toMatchObject({
      code: 'permission',
      message:
        'configmaps "x" is forbidden: unable to create new content in namespace shop because it is being terminated',
    });
    const finalizers = { ...going, spec: { finalizers: [] } };
    expect(await api.fromOutside.update(namespaces, finalizers as never)).toMatchObject({
      spec: { finalizers: ['kubernetes'] },
    });
    await api.update(namespaces, finalizers as never);
    expect(await api.get(namespaces, { name: 'shop' })).toBeUndefined();
  });
});

describe('informer', () => {
  test('tells of what is there, then of changes in the order of commit, with its indexes up to date', async () => {
    await using store = await openTemporaryApi();
    const { api } = store;
    const informer = api.informer(persistentVolumeClaims);
    const byApp = informer.index('app', ({ metadata }) => (metadata.labels?.['app'] ? [metadata.labels['app']] : []));
    await api.create(persistentVolumeClaims, claim('data', { labels: { app: 'db' } }));
    const heard: string[] = [];
    using _listener = informer.onChange(({ type, object, old }) => {
      heard.push(`${type} ${object.metadata.name} ${old?.metadata.labels?.['app'] ?? '-'}`);
      expect(byApp('db').map(({ metadata }) => metadata.name)).toEqual(type === 'added' ? ['data'] : []);
    });
    await api.patch(persistentVolumeClaims, ref, { type: 'merge', body: { metadata: { labels: { app: 'web' } } } });
    await api.patch(persistentVolumeClaims, ref, { type: 'merge', body: { metadata: { finalizers: null } } });
    await api.delete(persistentVolumeClaims, ref);
    expect(heard).toEqual(['added data -', 'modified data db', 'modified data web', 'deleted data web']);
    expect(informer.size).toBe(0);
  });

  test('a listener that comes while others are told hears nothing twice', async () => {
    await using store = await openTemporaryApi();
    const informer = store.api.informer(nodes);
    const late: string[] = [];
    let added = false;
    using _first = informer.onChange(() => {
      if (added) return;
      added = true;
      informer.onChange(({ type, object }) => late.push(`${type} ${object.metadata.name}`));
    });
    await Promise.all(
      ['a', 'b', 'c'].map((name) => store.api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name } })),
    );
    await nextTurn();
    expect(late).toEqual(['added a', 'added b', 'added c']);
  });

  test('the fault of one listener is not that of the others', async () => {
    await using store = await openTemporaryApi();
    const informer = store.api.informer(nodes);
    const heard: string[] = [];
    using _bad = informer.onChange(() => {
      throw new Error('bad');
    });
    using _good = informer.onChange(({ object }) => heard.push(object.metadata.name));
    await store.api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } });
    expect(heard).toEqual(['n']);
  });
});

describe('keys that look like what every object inherits', () => {
  test.each(['toString', 'constructor', 'hasOwnProperty', 'valueOf'])('%s comes and goes', async (key) => {
    await using store = await openTemporaryApi();
    const map = { apiVersion: 'v1' as const, kind: 'ConfigMap' as const, metadata: ref, data: { a: '1' } };
    const made = await store.api.fromOutside.create(configMaps, map);
    const patch = (data: object) =>
      store.api.fromOutside.patch(configMaps, ref, { type: 'merge', body: { data } }).then((it) => it.data);
    expect(await patch({ [key]: 'x' })).toEqual({ a: '1', [key]: 'x' });
    expect(store.api.informer(configMaps).get(ref)).not.toBe(made);
    expect(await patch({ [key]: null })).toEqual({ a: '1' });
    expect(await store.api.fromOutside.update(configMaps, { ...map, data: { [key]: 'y' } })).toMatchObject({
      data: { [key]: 'y' },
    });
    expect((await store.api.list(configMaps, { labelSelector: key })).items).toEqual([]);
  });
});
