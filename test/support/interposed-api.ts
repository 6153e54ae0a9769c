import type { Api } from '../../src/api/api.ts';
import type { Kind } from '../../src/model/kind.ts';
import type { KubeObject, ObjectRef } from '../../src/model/object.ts';

/** A call on its way to the API. */
export interface Call {
  readonly verb: 'get' | 'create' | 'update' | 'updateStatus' | 'patch' | 'delete';
  readonly kind: string;
  readonly name: string;
}

/** What comes in between a program and the API. */
export interface Interposed {
  /** Awaited before each call gets to the API: what others do in that moment. */
  readonly before?: (call: Call) => Promise<void> | void;
  /** What the program's views show of an object: an older state of it, or nothing, as views that lag behind do. */
  readonly see?: (object: KubeObject) => KubeObject | undefined;
}

const verbs = new Set<string | symbol>(['get', 'create', 'update', 'updateStatus', 'patch', 'delete']);

/** The API as a program sees it with others about, who do what they do at the worst moment. */
export function interposed(api: Api, { before, see = (object) => object }: Interposed): Api {
  return new Proxy(api, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      if (key === 'informer') return (kind: Kind) => lagging(target.informer(kind), see);
      if (!verbs.has(key)) return value.bind(target);
      return async (kind: Kind, what: ObjectRef | KubeObject, ...more: unknown[]) => {
        const name = 'metadata' in what ? what.metadata.name : what.name;
        await before?.({ verb: key as Call['verb'], kind: kind.kind, name });
        return await value.call(target, kind, what, ...more);
      };
    },
  });
}

function lagging<T extends object>(informer: T, see: (object: KubeObject) => KubeObject | undefined): T {
  const seen = (objects: Iterable<KubeObject>) => [...objects].flatMap((object) => see(object) ?? []);
  return new Proxy(informer, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target);
      switch (key) {
        case 'get':
          return (ref: ObjectRef) => seen([call(ref)].filter((it) => it !== undefined))[0];
        case 'list':
          return (namespace?: string) => seen(call(namespace));
        case 'index':
          return (...args: unknown[]) => {
            const find = call(...args);
            return (wanted: string) => seen(find(wanted));
          };
        default:
          return call;
      }
    },
  });
}
