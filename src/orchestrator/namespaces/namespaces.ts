import type { Api } from '../../api/api.ts';
import { Controller } from '../../api/controller.ts';
import type { Log } from '../../lib/log.ts';
import type { Kind } from '../../model/kind.ts';
import { type Namespace, namespaces } from '../../model/kinds/core.ts';
import { allKinds } from '../../model/kinds/index.ts';
import { isDeleting, refTo } from '../../model/object.ts';
import { type Content, conditionsOf, sameConditions } from './conditions.ts';

const finalizer = 'kubernetes';

export interface NamespacesOptions {
  readonly api: Api;
  readonly log: Log;
  /** The kinds whose objects are deleted with their namespace. Default: all. */
  readonly kinds?: readonly Kind[];
}

/**
 * Empties namespaces that are being deleted: deletes all that is in them, says in their conditions what is left and
 * what it waits for, and when nothing is left, lets them go.
 */
export function createNamespaces({ api, log, kinds = allKinds }: NamespacesOptions): Controller {
  const inNamespaces = kinds.filter(({ namespaced, writable }) => namespaced && writable);
  const informer = api.informer(namespaces);
  const contentOf = (namespace: string): Content[] =>
    inNamespaces
      .map((kind) => ({ kind, objects: [...api.informer(kind).list(namespace)] }))
      .filter(({ objects }) => objects.length > 0);
  const controller = new Controller({
    name: 'namespaces',
    log,
    reconcile: async (name) => {
      const namespace = informer.get({ name });
      if (!namespace || !isTerminating(namespace)) return;
      const unasked = contentOf(name).flatMap(({ kind, objects }) =>
        objects.filter((object) => !isDeleting(object)).map((object) => api.delete(kind, refTo(object))),
      );
      await Promise.all(unasked);
      const left = contentOf(name);
      const told = await tell(api, informer.get({ name }) ?? namespace, left);
      if (left.length > 0) return;
      const spec = { ...told.spec, finalizers: (told.spec?.finalizers ?? []).filter((it) => it !== finalizer) };
      await api.update(namespaces, { ...told, spec });
    },
  }).watch(informer, (namespace) => (isTerminating(namespace) ? [namespace.metadata.name] : []));
  for (const kind of inNamespaces) {
    controller.watch(api.informer(kind), ({ metadata: { namespace = '' } }) => {
      const owner = informer.get({ name: namespace });
      return owner && isTerminating(owner) ? [namespace] : [];
    });
  }
  return controller;
}

function isTerminating(namespace: Namespace): boolean {
  return isDeleting(namespace) && (namespace.spec?.finalizers?.includes(finalizer) ?? false);
}

/** Writes the conditions where they say something new. Returns the namespace as it is then. */
async function tell(api: Api, namespace: Namespace, left: readonly Content[]): Promise<Namespace> {
  const before = namespace.status?.conditions ?? [];
  const conditions = conditionsOf(left, before);
  if (sameConditions(before, conditions)) return namespace;
  return await api.updateStatus(namespaces, { ...namespace, status: { ...namespace.status, conditions } });
}
