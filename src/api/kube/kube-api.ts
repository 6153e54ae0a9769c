import { fail, isCode } from '../../lib/errors.ts';
import { type Log, silent } from '../../lib/log.ts';
import { ownVersion } from '../../lib/version.ts';
import { apiVersionOf, type Kind, resourceOf } from '../../model/kind.ts';
import { type KubeObject, type ObjectRef, refTo } from '../../model/object.ts';
import type { Api, DeleteOptions, List, ListOptions, Patch, WriteOptions } from '../api.ts';
import { isStatus, StatusError } from '../status.ts';
import type { Connection } from './credentials/connection.ts';
import { isConnectionFailure } from './failures.ts';
import { WatchingInformer } from './informer/informer.ts';
import { slim } from './informer/slim.ts';
import { selectors, watch } from './informer/watch.ts';
import { pathOf } from './paths.ts';
import { type Call, Transport } from './transport.ts';

/** The API of a server: Moorage's own, or a real Kubernetes. */
export interface KubeApi extends Api, AsyncDisposable {
  /** Where it is. */
  readonly url: string;
  /** The namespace of the kubeconfig's context, or of the pod. */
  readonly namespace: string;
  /** What the server says at a path that is not about objects, such as /metrics. */
  getText(path: string): Promise<string>;
}

export interface ConnectOptions {
  readonly connection: Connection;
  readonly log?: Log | undefined;
  /** What part of Moorage asks, as the server's own log shall say. */
  readonly role?: string | undefined;
  /** Label selectors by resource (`volumes.moorage.dev`): of these, views hold only what meets them. */
  readonly views?: Readonly<Record<string, string>> | undefined;
}

/** Objects in one answer of a list; more come in as many answers, so that no list is in memory twice. */
const page = 500;

const patchTypes: Readonly<Record<Patch['type'], string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
};

/**
 * The Api port over HTTPS. Nothing is sent yet. Later calls throw the codes that the server meant, and `not-ready` when
 * there is no server.
 */
export function openKubeApi(options: ConnectOptions): KubeApi {
  const { connection, log = silent, role, views = {} } = options;
  const userAgent = `moorage/${ownVersion()}${role ? ` (${role})` : ''}`;
  const transport = new Transport({ connection, userAgent, log });
  const informers = new Map<string, WatchingInformer<KubeObject>>();

  const read = async (call: Call): Promise<unknown> => {
    try {
      return await transport.json(call);
    } catch (error) {
      // A kept connection may have ended just then.
      if (isConnectionFailure(error)) return await transport.json(call);
      throw error;
    }
  };
  const write = async <T extends KubeObject>(call: Call): Promise<T> => slim((await transport.json(call)) as T);

  const api: KubeApi = {
    url: connection.server,
    namespace: connection.namespace,

    getText: (path) => transport.text({ verb: 'get', resource: path, path }),

    get: async <T extends KubeObject>(kind: Kind<T>, ref: ObjectRef) => {
      try {
        return slim((await read({ verb: 'get', resource: kind.plural, path: pathOf(kind, ref) })) as T);
      } catch (error) {
        if (isAbsence(error)) return undefined;
        throw error;
      }
    },

    list: async <T extends KubeObject>(kind: Kind<T>, listOptions: ListOptions = {}) => {
      const { limit, continue: from } = listOptions;
      const query = { ...selectors(listOptions), limit, continue: from };
      const path = pathOf(kind, { namespace: listOptions.namespace });
      return listOf(kind, (await read({ verb: 'list', resource: kind.plural, path, query })) as RawList<T>);
    },

    watch: (kind, watchOptions) => watch(transport, kind, watchOptions),

    create: (kind, object, { dryRun = false } = {}) =>
      write({
        method: 'POST',
        verb: 'create',
        resource: kind.plural,
        path: pathOf(kind, { namespace: object.metadata.namespace }),
        query: writeQuery(dryRun),
        body: typed(kind, object),
      }),

    update: (kind, object, writeOptions) => put(kind, object, undefined, writeOptions),

    updateStatus: (kind, object, writeOptions) => put(kind, object, 'status', writeOptions),

    patch: (kind, ref, { type, body }, { dryRun = false, subresource } = {}) =>
      write({
        method: 'PATCH',
        verb: 'patch',
        resource: resourceName(kind, subresource),
        path: pathOf(kind, ref, subresource),
        query: writeQuery(dryRun),
        body,
        type: patchTypes[type],
      }),

    delete: async <T extends KubeObject>(kind: Kind<T>, ref: ObjectRef, deleteOptions: DeleteOptions = {}) => {
      // A server answers the deletion of what is gone at once with a Status, without the object. Then, what a view has
      // seen of it last does as well as what the server says before.
      const seen = informers.get(resourceOf(kind))?.get(ref) as T | undefined;
      const before = seen ?? (await api.get(kind, ref));
      if (!before) return undefined;
      const body = deleteBody(deleteOptions);
      try {
        const answer = await transport.json({
          method: 'DELETE',
          verb: 'delete',
          resource: kind.plural,
          path: pathOf(kind, ref),
          body,
        });
        return isStatus(answer) ? before : slim(answer as T);
      } catch (error) {
        if (isAbsence(error)) return undefined;
        throw error;
      }
    },

    informer: <T extends KubeObject>(kind: Kind<T>) => {
      const name = resourceOf(kind);
      if (name === 'secrets') fail('unsupported', 'Secrets are read one by one, by name: nothing keeps a view of all');
      const found =
        informers.get(name) ?? new WatchingInformer(name, sourceOf(api, kind as unknown as Kind, views[name]), log);
      informers.set(name, found);
      // One informer for each kind, so its objects are of that kind.
      return found as unknown as WatchingInformer<T>;
    },

    [Symbol.asyncDispose]: async () => {
      for (const informer of informers.values()) informer[Symbol.dispose]();
      await transport[Symbol.asyncDispose]();
    },
  };

  const put = <T extends KubeObject>(
    kind: Kind<T>,
    object: T,
    subresource?: string,
    { dryRun = false }: WriteOptions = {},
  ): Promise<T> =>
    write({
      method: 'PUT',
      verb: 'update',
      resource: resourceName(kind, subresource),
      path: pathOf(kind, refTo(object), subresource),
      query: writeQuery(dryRun),
      body: typed(kind, object),
    });

  return api;
}

function resourceName(kind: { readonly plural: string }, subresource?: string): string {
  return subresource ? `${kind.plural}/${subresource}` : kind.plural;
}

function sourceOf(api: Api, kind: Kind, labelSelector: string | undefined) {
  return {
    async *list(): AsyncGenerator<List<KubeObject>> {
      let next: string | undefined;
      do {
        const list = await api.list(kind, { labelSelector, limit: page, continue: next });
        yield list;
        next = list.continue;
      } while (next);
    },
    watch: (resourceVersion: string, signal: AbortSignal) =>
      api.watch(kind, { labelSelector, resourceVersion, signal, bookmarks: true }),
  };
}

interface RawList<T> {
  readonly metadata?: {
    readonly resourceVersion?: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
  readonly items?: readonly T[] | null;
}

/** Servers leave out apiVersion and kind of a list's items. */
function listOf<T extends KubeObject>(kind: Kind<T>, raw: RawList<T>): List<T> {
  const { resourceVersion = '', remainingItemCount } = raw.metadata ?? {};
  return {
    items: (raw.items ?? []).map((item) => slim(typed(kind, item))),
    resourceVersion,
    continue: raw.metadata?.continue || undefined,
    remainingItemCount,
  };
}

function typed<T extends KubeObject>(kind: Kind<T>, object: T): T {
  if (object.apiVersion && object.kind) return object;
  return { ...object, apiVersion: apiVersionOf(kind), kind: kind.kind };
}

/** What we write is typed: that a server looks for fields which it does not know costs it a second reading of each. */
function writeQuery(dryRun: boolean) {
  return { fieldValidation: 'Ignore', ...(dryRun && { dryRun: 'All' }) };
}

function deleteBody({ preconditions, propagationPolicy, dryRun }: DeleteOptions): unknown {
  return {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    propagationPolicy: propagationPolicy ?? 'Background',
    ...(preconditions ? { preconditions } : {}),
    ...(dryRun ? { dryRun: ['All'] } : {}),
  };
}

/** True if the object is not there; false if its whole kind is not served. */
function isAbsence(error: unknown): boolean {
  return isCode(error, 'not-found') && error instanceof StatusError && Boolean(error.status.details?.name);
}
