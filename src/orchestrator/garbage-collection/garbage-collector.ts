import type { Api, Change } from '../../api/api.ts';
import { Controller } from '../../api/controller.ts';
import { foregroundFinalizer, orphanFinalizer } from '../../api/embedded/writing/deletion.ts';
import { unreachable } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Kind } from '../../model/kind.ts';
import { allKinds } from '../../model/kinds/index.ts';
import { isDeleting, type KubeObject, refTo } from '../../model/object.ts';
import { OwnerGraph } from './graph.ts';
import { type CollectionStep, planGarbageCollection } from './plan.ts';

export interface GarbageCollectorOptions {
  readonly api: Api;
  readonly log: Log;
  /** The kinds whose objects own or are owned. Default: all. */
  readonly kinds?: readonly Kind[];
}

/** Deletes what nobody owns any more, and carries out deletions in the foreground and those that leave orphans. */
export function createGarbageCollector({ api, log, kinds = allKinds }: GarbageCollectorOptions): Controller {
  const graph = new OwnerGraph(
    api,
    kinds.filter(({ writable }) => writable),
  );
  const controller = new Controller({
    name: 'garbage-collector',
    log,
    reconcile: async (key) => {
      const found = graph.find(key);
      if (!found) return;
      const { kind, object } = found;
      const dependents = graph.dependents(object);
      const steps = planGarbageCollection({
        object,
        dependents: dependents.map((it) => it.object),
        ownerState: (reference) => graph.ownerState(object, reference),
      });
      for (const step of steps) {
        if (step.do === 'release-dependents') {
          await Promise.all(dependents.map((it) => dropOwners(api, it.kind, it.object, [object.metadata.uid ?? ''])));
        } else {
          await carryOut(api, kind, object, step);
        }
      }
    },
  });
  for (const { kind, informer } of graph.views) {
    controller.watch(informer, (object, change) => keysOf(graph, kind, object, change));
  }
  return controller;
}

/** Whom a change may concern: the object itself, its dependents when it goes, and its owners that wait for it. */
function* keysOf(graph: OwnerGraph, kind: Kind, object: KubeObject, { type, old }: Change<KubeObject>) {
  const owners = object.metadata.ownerReferences ?? old?.metadata.ownerReferences ?? [];
  const gone = type === 'deleted';
  if (!gone && (owners.length > 0 || waits(object))) yield graph.key(kind, object);
  if (gone || waits(object)) for (const it of graph.dependents(object)) yield graph.key(it.kind, it.object);
  for (const reference of gone ? owners : (old?.metadata.ownerReferences ?? [])) {
    const owner = graph.owner(object, reference);
    if (owner && waits(owner.object)) yield graph.key(owner.kind, owner.object);
  }
}

function waits(object: KubeObject): boolean {
  const { finalizers } = object.metadata;
  return (
    isDeleting(object) && (finalizers?.some((it) => it === foregroundFinalizer || it === orphanFinalizer) ?? false)
  );
}

/** Only if the object still is as it was seen: then `conflict`, and another look. */
async function carryOut(
  api: Api,
  kind: Kind,
  object: KubeObject,
  step: Exclude<CollectionStep, { readonly do: 'release-dependents' }>,
): Promise<void> {
  switch (step.do) {
    case 'delete': {
      const { uid, resourceVersion } = object.metadata;
      const preconditions = { uid, resourceVersion };
      await api.delete(kind, refTo(object), { preconditions, propagationPolicy: step.policy });
      return;
    }
    case 'drop-owners':
      await dropOwners(api, kind, object, step.uids);
      return;
    case 'drop-finalizer': {
      const finalizers = (object.metadata.finalizers ?? []).filter((it) => it !== step.finalizer);
      await patchMetadata(api, kind, object, { finalizers });
      return;
    }
    default:
      unreachable(step);
  }
}

async function dropOwners(api: Api, kind: Kind, object: KubeObject, uids: readonly string[]): Promise<void> {
  const gone = new Set(uids);
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter((owner) => !gone.has(owner.uid));
  await patchMetadata(api, kind, object, { ownerReferences });
}

async function patchMetadata(api: Api, kind: Kind, object: KubeObject, change: object): Promise<void> {
  const { uid, resourceVersion } = object.metadata;
  await api.patch(kind, refTo(object), { type: 'merge', body: { metadata: { ...change, uid, resourceVersion } } });
}
