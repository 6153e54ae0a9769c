import type { Api, ListOptions, WatchEvent } from '../../api/api.ts';
import type { EmbeddedApi } from '../../api/embedded/embedded-api.ts';
import { mutable } from '../../api/embedded/frozen.ts';
import { InvalidObject } from '../../api/embedded/writing/invalid-object.ts';
import { parseObject } from '../../api/embedded/writing/parse.ts';
import { applyPatch } from '../../api/patches/patch.ts';
import { selectorOf } from '../../api/selectors.ts';
import { fail, isCode } from '../../lib/errors.ts';
import { type Kind, resourceOf } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';
import type { ServedApi } from '../verbs/call.ts';
import { fieldSelectorIn } from './field-selector.ts';

/** Objects of one kind in the form of another one, which has no store of its own. */
export interface View {
  readonly kind: Kind;
  /** The kind that is stored. */
  readonly stored: Kind;
  readonly toView: (object: KubeObject) => KubeObject;
  readonly fromView: (object: KubeObject) => KubeObject;
  /** What fields of the view are called in the stored kind, where a selector may name them. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The API for requests about a view: reads and writes what is stored, each in its own form. */
export function viewApi(api: EmbeddedApi, view: View): ServedApi {
  const { stored } = view;
  const inStored = <T extends ListOptions>(options: T): T => {
    // Only the view's own fields may be named.
    selectorOf(view.kind, options);
    return { ...options, fieldSelector: fieldSelectorIn(options.fieldSelector, view.fields) };
  };
  const toView = memoized(view.toView);
  const eventOf = <T extends KubeObject>(event: WatchEvent<KubeObject> | undefined) =>
    // Whoever asks for a view asks for objects of its kind.
    event && ({ ...event, object: toView(event.object) } as WatchEvent<T>);
  const writes = viewWrites(api.fromOutside, view);
  return {
    get resourceVersion() {
      return api.resourceVersion;
    },
    get: async <T extends KubeObject>(_kind: Kind<T>, ref: Parameters<Api['get']>[1]) => {
      const found = await api.get(stored, ref);
      return found && (toView(found) as T);
    },
    list: async <T extends KubeObject>(_kind: Kind<T>, options: ListOptions = {}) => {
      const list = await api.list(stored, inStored(options));
      return { ...list, items: list.items.map((object) => toView(object) as T) };
    },
    reader: (_kind, options) => {
      const reader = api.reader(stored, inStored(options));
      return {
        next: () => eventOf(reader.next()),
        wait: async () => eventOf(await reader.wait()),
        bookmark: () => eventOf(reader.bookmark()),
      };
    },
    json: (object) => JSON.stringify(object),
    update: writes.update,
    fromOutside: writes,
  };
}

/** Writes in a view's form: checked by its own schema and rules first, so that refusals name its own fields. */
function viewWrites(api: Api, { kind, stored, toView, fromView }: View): ServedApi['fromOutside'] {
  const checked = <T extends KubeObject>(object: T, old?: T): KubeObject => {
    const { name } = object.metadata;
    const parsed = parseObject(kind, object, name);
    const errors = kind.validate?.(parsed, old) ?? [];
    if (errors.length > 0) throw new InvalidObject(kind, name, errors);
    return fromView(parsed);
  };
  const writes: ServedApi['fromOutside'] = {
    create: async (_kind, object, options) =>
      toView(await api.create(stored, checked(object), options)) as typeof object,
    update: async (_kind, object, options) => {
      const old = await api.get(stored, object.metadata);
      if (!old) fail('not-found', `${resourceOf(kind)} "${object.metadata.name}" not found`);
      return toView(await api.update(stored, checked(object, toView(old) as typeof object), options)) as typeof object;
    },
    updateStatus: () => fail('not-found', `${resourceOf(kind)} has no status subresource`),
    patch: async (asked, ref, patch, options) => {
      for (;;) {
        const old = await api.get(stored, ref);
        if (!old) fail('not-found', `${resourceOf(kind)} "${ref.name}" not found`);
        const before = toView(old);
        const patched = applyPatch(kind, mutable(before), patch);
        if (patched.metadata.name !== old.metadata.name || patched.metadata.namespace !== old.metadata.namespace)
          fail(
            'invalid',
            `patching ${resourceOf(kind)} "${ref.name}": the patch must not change its name or namespace`,
          );
        try {
          return await writes.update(asked, patched as never, options);
        } catch (error) {
          // Somebody else was faster; unless the patch itself names a version.
          const isOwn = patched.metadata.resourceVersion === before.metadata.resourceVersion;
          if (!isCode(error, 'conflict') || !isOwn) throw error;
        }
      }
    },
    delete: async <T extends KubeObject>(
      _kind: Kind<T>,
      ref: Parameters<Api['delete']>[1],
      options: Parameters<Api['delete']>[2],
    ) => {
      const last = await api.delete(stored, ref, options);
      return last && (toView(last) as T);
    },
  };
  return writes;
}

/** Stored objects never change: their other form is made once for as long as they are there. */
function memoized(make: (object: KubeObject) => KubeObject): (object: KubeObject) => KubeObject {
  const made = new WeakMap<KubeObject, KubeObject>();
  return (object) => {
    const known = made.get(object);
    if (known) return known;
    const fresh = make(object);
    made.set(object, fresh);
    return fresh;
  };
}
