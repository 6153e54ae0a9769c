import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WatchEvent } from '../src/api/api.ts';
import { type EmbeddedApi, openEmbeddedApi } from '../src/api/embedded/embedded-api.ts';
import { connectKube, type KubeApi } from '../src/api/kube/index.ts';
import { type ApiServer, startApiServer } from '../src/apiserver/index.ts';
import { silent } from '../src/lib/log.ts';
import { allKinds, type ConfigMap, configMaps, namespaces, type Pool, pools } from '../src/model/kinds/index.ts';

// The HTTP adapter of the Api port against our own server, over real sockets.
let dir: string;
let store: EmbeddedApi;
let server: ApiServer;
let api: KubeApi;

async function up(port: number): Promise<void> {
  store = await openEmbeddedApi({ file: join(dir, 'store.db'), log: silent, kinds: allKinds });
  server = await startApiServer({ api: store, dir, port, log: silent, metrics: async () => 'moorage_up 1\n' });
}

async function down(): Promise<void> {
  await server?.[Symbol.asyncDispose]();
  await store?.[Symbol.asyncDispose]();
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-kube-'));
  await up(0);
  api = connectKube({ kubeconfig: server.kubeconfigFile });
});

afterAll(async () => {
  await api?.[Symbol.asyncDispose]();
  await down();
  await rm(dir, { recursive: true, force: true });
});

const map = (name: string, data: Record<string, string> = {}): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels: { test: 'kube' } },
  data,
});
const ref = (name: string) => ({ namespace: 'default', name });
const code = (wanted: string) => expect.objectContaining({ code: wanted });

test('the way of one object: absent, created, read, changed, deleted, absent', async () => {
  expect(await api.get(configMaps, ref('a'))).toBeUndefined();
  const created = await api.create(configMaps, map('a', { x: '1' }));
  expect(created.metadata.uid).toMatch(/-/);
  expect(await api.get(configMaps, ref('a'))).toEqual(created);
  expect(Object.isFrozen(created.data)).toBe(true);
  await expect(api.create(configMaps, map('a'))).rejects.toEqual(code('already-exists'));
  const updated = await api.update(configMaps, { ...created, data: { x: '2' } });
  await expect(api.update(configMaps, { ...created, data: { x: '3' } })).rejects.toEqual(code('conflict'));
  expect((await api.update(configMaps, { ...updated, data: { x: '9' } }, { dryRun: true })).data).toEqual({ x: '9' });
  expect((await api.patch(configMaps, ref('a'), { type: 'merge', body: { data: { y: '4' } } })).data).toEqual({
    x: '2',
    y: '4',
  });
  expect(
    (await api.patch(configMaps, ref('a'), { type: 'json', body: [{ op: 'remove', path: '/data/x' }] })).data,
  ).toEqual({ y: '4' });
  await expect(api.delete(configMaps, ref('a'), { preconditions: { uid: 'another' } })).rejects.toEqual(
    code('conflict'),
  );
  expect((await api.delete(configMaps, ref('a')))?.data).toEqual({ y: '4' });
  expect(await api.delete(configMaps, ref('a'))).toBeUndefined();
  await expect(api.update(configMaps, map('a'))).rejects.toEqual(code('not-found'));
});

test('status is apart, invalid objects name their fields, unknown kinds are not mistaken for absent objects', async () => {
  const pool: Pool = {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Pool',
    metadata: { name: 'p' },
    spec: { engine: 'local', backend: 'auto', preallocate: false, overProvisioning: 1 },
  };
  const created = await api.create(pools, { ...pool, status: { phase: 'Failed' } });
  expect(created.status).toBeUndefined();
  expect((await api.updateStatus(pools, { ...created, status: { phase: 'Ready' } })).status).toEqual({
    phase: 'Ready',
  });
  const patched = await api.patch(
    pools,
    { name: 'p' },
    { type: 'merge', body: { status: { phase: 'Failed' } } },
    { subresource: 'status' },
  );
  expect(patched.status).toEqual({ phase: 'Failed' });
  await expect(api.create(pools, { ...pool, metadata: { name: 'Q' } })).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('metadata.name'),
  });
  const widgets = { ...pools, plural: 'widgets' };
  await expect(api.get(widgets, { name: 'p' })).rejects.toEqual(code('not-found'));
});

test('lists: all, by selector, in pages', async () => {
  await Promise.all(['l1', 'l2', 'l3'].map((name) => api.create(configMaps, map(name))));
  const names = async (options: object) =>
    (await api.list(configMaps, options)).items.map(({ metadata }) => metadata.name);
  expect(await names({ namespace: 'default', labelSelector: 'test=kube' })).toEqual(['l1', 'l2', 'l3']);
  expect(await names({ fieldSelector: 'metadata.name=l2' })).toEqual(['l2']);
  const first = await api.list(configMaps, { limit: 2 });
  expect(first.remainingItemCount).toBe(1);
  expect(await names({ limit: 2, continue: first.continue })).toEqual(['l3']);
  await expect(api.list(configMaps, { labelSelector: 'a=(' })).rejects.toEqual(code('invalid'));
  expect(await api.getText('/metrics')).toBe('moorage_up 1\n');
});

test('a watch tells what happened after a version, and ends with its signal', async () => {
  const { resourceVersion } = await api.list(configMaps);
  const stop = new AbortController();
  const seen: string[] = [];
  await api.create(configMaps, map('w'));
  await api.patch(configMaps, ref('w'), { type: 'merge', body: { data: { a: 'b' } } });
  await api.delete(configMaps, ref('w'));
  for await (const { type, object } of api.watch(configMaps, { resourceVersion, signal: stop.signal }) as AsyncIterable<
    WatchEvent<ConfigMap>
  >) {
    seen.push(`${type} ${object.metadata.name}`);
    if (type === 'DELETED') stop.abort();
  }
  expect(seen).toEqual(['ADDED w', 'MODIFIED w', 'DELETED w']);
});

test('an informer goes on over a restart of the server, and what is not there says how to start it', async () => {
  const informer = api.informer(namespaces);
  await informer.synced;
  expect(informer.get({ name: 'default' })?.kind).toBe('Namespace');
  const added = Promise.withResolvers<void>();
  informer.onChange(({ type, object }) => type === 'added' && object.metadata.name === 'later' && added.resolve());
  const { resourceVersion } = await api.list(namespaces);
  await api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'before' } });
  const { port } = server;
  await down();
  await expect(api.get(configMaps, ref('a'))).rejects.toMatchObject({
    code: 'not-ready',
    message: expect.stringMatching(/not running at https.*moorage up/),
  });
  await up(port);
  await api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'later' } });
  await added.promise;
  await using stop = new AsyncDisposableStack();
  const watch = (more: object) => {
    const ending = stop.adopt(new AbortController(), (it) => it.abort());
    return api.watch(namespaces, { resourceVersion, signal: ending.signal, ...more })[Symbol.asyncIterator]();
  };
  expect((await watch({}).next()).value).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'before' } } });
  // What matched a selector then is not remembered.
  await expect(watch({ labelSelector: 'a=b' }).next()).rejects.toEqual(code('not-ready'));
});

test('a server that the kubeconfig does not trust is not spoken to', async () => {
  const other = await mkdtemp(join(tmpdir(), 'moorage-kube-'));
  await using mine = await openEmbeddedApi({ file: join(other, 'store.db'), log: silent, kinds: allKinds });
  const { port } = server;
  await server[Symbol.asyncDispose]();
  await using stranger = await startApiServer({ api: mine, dir: other, port, log: silent });
  expect(stranger.port).toBe(port);
  await expect(api.get(configMaps, ref('a'))).rejects.toEqual(code('permission'));
  await rm(other, { recursive: true });
});
