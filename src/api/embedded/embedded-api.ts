import type { Log } from '../../lib/log.ts';
import type { Kind } from '../../model/kind.ts';
import { namespaces } from '../../model/kinds/core.ts';
import type { KubeObject } from '../../model/object.ts';
import type { Api } from '../api.ts';
import { applyPatch } from '../patches/patch.ts';
import { admissions } from './admission/index.ts';
import { builtInNamespaces } from './admission/namespaces.ts';
import { Quotas } from './quota/quotas.ts';
import { list } from './reading/list.ts';
import { Reader, type WatchOptions, watch } from './reading/watch.ts';
import { Store } from './store.ts';
import { type WriteCheck, Writes } from './writing/writes.ts';

/**
 * The API on this machine's own store. Called directly, it trusts the caller's types, as our controllers deserve:
 * defaults and admission rules are applied, schemas are not. What comes over a wire goes through `fromOutside`.
 */
export interface EmbeddedApi extends Api, AsyncDisposable {
  /** All kinds that are served. */
  readonly kinds: readonly Kind[];
  /** The newest resource version of all. */
  readonly resourceVersion: string;
  /**
   * The same API for writes that nobody has checked yet: bodies are parsed by the kind's schema, and metadata and the
   * kind's own rules are checked. Broken rules throw InvalidObject, which names each field.
   */
  readonly fromOutside: Api;
  /** The same for a writer who may not write everything: each of its writes is shown to the check first. */
  fromOutsideIf(check: WriteCheck): Api;
  /** As watch, but for those who read at their own pace and much at once. */
  reader<T extends KubeObject>(kind: Kind<T>, options: WatchOptions): Reader<T>;
  /**
   * When the store was last accepted though objects may have been missing in it; undefined if it never was. What was
   * made before may belong to an object that nobody remembers.
   */
  readonly lastLoss: Date | undefined;
  /** An object of this store as JSON text; free for what was just written. */
  json(object: KubeObject): string;
  /** Serves one more kind from now on, with what the store holds of it. */
  addKind(kind: Kind): void;
  /** No longer serves a kind. Its objects stay in the file. */
  removeKind(kind: Kind): void;
}

export interface EmbeddedOptions {
  /** The database; it is made if it is not there, and its directory too. */
  readonly file: string;
  readonly log: Log;
  readonly kinds: readonly Kind[];
  /** Takes a store as it is that may lack what was acknowledged, if this is the version that it has. */
  readonly acceptVersion?: number | undefined;
}

/**
 * Opens the embedded API; the built-in namespaces are there when it resolves. Throws `busy` if another process uses
 * the file, `permission` if others could read it, `corrupted` if it is damaged or lacks what was acknowledged,
 * `unsupported` if it is from a newer version. Disposing of it commits what was asked for and closes the file.
 */
export async function openEmbeddedApi({ file, log, kinds, acceptVersion }: EmbeddedOptions): Promise<EmbeddedApi> {
  const quotas = new Quotas(() => store.kinds);
  const store: Store = new Store({ file, log, kinds, acceptVersion, follower: quotas });
  const { lastLoss } = store;
  const writes = new Writes([...admissions, quotas.rule]);
  const inside = apiOver(store, writes, false);
  const api: EmbeddedApi = {
    ...inside,
    get kinds() {
      return store.kinds;
    },
    get resourceVersion() {
      return String(store.version);
    },
    fromOutside: apiOver(store, writes, true),
    fromOutsideIf: (check) => apiOver(store, writes, true, check),
    reader: (kind, options) => new Reader(store.collection(kind), options, () => store.version),
    lastLoss,
    json: (object) => store.json(object),
    addKind: (kind) => {
      store.addKind(kind);
      quotas.recount();
    },
    removeKind: (kind) => {
      store.removeKind(kind);
      quotas.recount();
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
  // What quotas say is used is right from the start, whatever wrote the store before.
  await store.write(() => {});
  await Promise.all(builtInNamespaces.map((name) => ensureNamespace(api, name)));
  return api;
}

function apiOver(store: Store, writes: Writes, outside: boolean, check?: WriteCheck): Api {
  const mode = ({ dryRun = false }: { readonly dryRun?: boolean } = {}) => ({ outside, dryRun, check });
  return {
    get: async (kind, ref) => store.collection(kind).get(ref),
    list: async (kind, options = {}) => list(store.collection(kind), options, store.version),
    watch: (kind, options) => watch(store.collection(kind), options, () => store.version),
    create: (kind, object, options) => store.write((state) => writes.create(state, kind, object, mode(options))),
    update: (kind, object, options) => store.write((state) => writes.update(state, kind, object, mode(options))),
    updateStatus: (kind, object, options) =>
      store.write((state) => writes.updateStatus(state, kind, object, mode(options))),
    patch: (kind, ref, patch, options) =>
      store.write((state) =>
        writes.patch(state, kind, ref, (old) => applyPatch(kind, old, patch), options?.subresource, mode(options)),
      ),
    delete: (kind, ref, options = {}) =>
      store.write((state) => writes.delete(state, kind, ref, options, mode(options))),
    informer: (kind) => store.collection(kind),
  };
}

async function ensureNamespace(api: EmbeddedApi, name: string): Promise<void> {
  if (!api.kinds.some(({ group, plural }) => group === '' && plural === namespaces.plural)) return;
  if (await api.get(namespaces, { name })) return;
  await api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}
