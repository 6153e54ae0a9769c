import { join } from 'node:path';
import type { Api } from '../../src/api/api.ts';
import { type EmbeddedApi, openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import type { EventRecorder } from '../../src/api/events.ts';
import type { Engines } from '../../src/engines/engine.ts';
import { openEngines } from '../../src/engines/engines.ts';
import { exec } from '../../src/lib/exec.ts';
import { silent } from '../../src/lib/log.ts';
import { noMeter } from '../../src/lib/meter.ts';
import type { Kind } from '../../src/model/kind.ts';
import { allKinds } from '../../src/model/kinds/index.ts';
import { type Pool, pools, type Snapshot, snapshots, type Volume, volumes } from '../../src/model/kinds/moorage.ts';
import type { KubeObject } from '../../src/model/object.ts';
import { startVolumes } from '../../src/volumes/start.ts';

const apiVersion = 'moorage.dev/v1alpha1' as const;

export interface Rig extends AsyncDisposable {
  readonly api: EmbeddedApi;
  readonly engine: Engines;
  readonly events: readonly string[];
}

/**
 * The storage half on its own store, in a directory; opened again, it goes on from where it was. `over` is what comes in
 * between it and the API.
 */
export async function openRig(dataDir: string, over: (api: Api) => Api = (api) => api): Promise<Rig> {
  const api = await openEmbeddedApi({ file: join(dataDir, 'store.db'), log: silent, kinds: allKinds });
  const engine = openEngines({ dataDir, exec, log: silent });
  const heard: string[] = [];
  const events: EventRecorder = {
    normal: (_, reason) => heard.push(reason),
    warning: (_, reason, message) => heard.push(`${reason}: ${message}`),
  };
  const shared = { api: over(api), node: 'here', dataDir, exec, log: silent, events, meter: noMeter };
  const running = await startVolumes({ ...shared, engine, sole: true });
  return {
    api,
    engine,
    events: heard,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await api[Symbol.asyncDispose]();
    },
  };
}

/** Waits until the object of that name is as wished; undefined stands for its absence. */
export async function until<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  name: string,
  wished: (object: T | undefined) => boolean,
  limit = 20_000,
): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const informer = api.informer(kind);
  const look = () => {
    const object = informer.get({ name });
    if (wished(object)) resolve(object as T);
  };
  const timer = setTimeout(() => reject(new Error(`in vain: ${JSON.stringify(informer.get({ name }))}`)), limit);
  const listening = informer.onChange(look);
  look();
  return promise.finally(() => {
    clearTimeout(timer);
    listening[Symbol.dispose]();
  });
}

/** A Volume of 64Mi, or as said. */
export function volume(name: string, spec: Partial<Volume['spec']> = {}): Volume {
  const all = { size: '64Mi', mode: 'Filesystem' as const, provisioning: 'thin' as const, ...spec };
  return { apiVersion, kind: 'Volume', metadata: { name }, spec: all };
}

export function snapshot(name: string, of: string): Snapshot {
  return { apiVersion, kind: 'Snapshot', metadata: { name }, spec: { volume: of } };
}

export function pool(name: string, spec: Partial<Pool['spec']> = {}): Pool {
  const all = { engine: 'local', backend: 'auto', preallocate: false, overProvisioning: 1, ...spec } as const;
  return { apiVersion, kind: 'Pool', metadata: { name }, spec: all };
}

export const isReady = (object: { status?: { phase?: string | undefined } | undefined } | undefined): boolean =>
  object?.status?.phase === 'Ready';

export const readyVolume = (api: Api, name: string) => until(api, volumes, name, isReady);
export const readySnapshot = (api: Api, name: string) => until(api, snapshots, name, isReady);
export const readyPool = (api: Api, name: string) => until(api, pools, name, isReady);
