import { Controller, type Result } from '../../api/controller.ts';
import { classOf } from '../../model/claims/claims.ts';
import { persistentVolumeClaims } from '../../model/kinds/core.ts';
import { csiStorageCapacities, storageClasses } from '../../model/kinds/storage.ts';
import { keyOf, refTo } from '../../model/object.ts';
import type { Sidecar, SidecarContext } from '../context.ts';
import { waitsForConsumer } from '../provisioning/decide.ts';
import { Complaints } from '../retries/complaints.ts';
import { roomsOf, waitsForNode, whyUnmet } from './unmet.ts';

/** Milliseconds for which changes of a class are gathered. */
const gather = 1_000;
/** Milliseconds for which there must be no room: what goes by itself meanwhile is not worth a word. */
const patience = 5_000;

/**
 * Says on each claim that waits for a node, where none has room for it, what each node has. A scheduler says it of the
 * pod, and names no node. A pass is over one class, and there is at most one in a second.
 */
export function createUnmetClaims({ api, drivers, log, events }: SidecarContext): Sidecar {
  const claims = api.informer(persistentVolumeClaims);
  const classes = api.informer(storageClasses);
  const capacities = api.informer(csiStorageCapacities);
  const waitingFor = claims.index('unmet: waits for a node', (it) => (waitsForNode(it) ? [classOf(it)] : []));
  const publishedFor = capacities.index('unmet: of class', ({ storageClassName }) => [storageClassName]);
  const complaints = new Complaints(events);
  /** Of each class, the claims that no node has room for, and since when. */
  const unmet = new Map<string, ReadonlyMap<string, number>>();

  const roomsFor = (name: string) => {
    const storageClass = classes.get({ name });
    const isOurs = storageClass && waitsForConsumer(storageClass) && drivers.get(storageClass.provisioner);
    return isOurs ? roomsOf(publishedFor(name)) : [];
  };

  const reconcile = async (name: string): Promise<Result> => {
    const rooms = roomsFor(name);
    const before = unmet.get(name);
    const found = new Map<string, number>();
    const now = performance.now();
    let again: number | undefined;
    for (const claim of waitingFor(name)) {
      const why = whyUnmet(claim, rooms);
      if (why === undefined) continue;
      const key = keyOf(refTo(claim));
      const since = before?.get(key) ?? now;
      found.set(key, since);
      const left = since + patience - now;
      if (left > 0) again = Math.min(again ?? left, left);
      else complaints.warn(claim, 'NoRoomOnAnyNode', why);
    }
    for (const key of before?.keys() ?? []) if (!found.has(key)) complaints.forget(key);
    if (found.size > 0) unmet.set(name, found);
    else unmet.delete(name);
    return again === undefined ? {} : { again };
  };

  const controller = new Controller({ name: 'unmet-claims', log, reconcile })
    .watch(classes, ({ metadata }) => [metadata.name])
    .watch(claims, () => [])
    .watch(capacities, () => []);
  const open = new DisposableStack();
  open.use(
    claims.onChange(({ object, old }) => {
      if (waitsForNode(object) || (old && waitsForNode(old))) controller.add(classOf(object), gather);
    }),
  );
  open.use(capacities.onChange(({ object }) => controller.add(object.storageClassName, gather)));
  return {
    controller,
    wake: (driver) => {
      const ofDriver = [...classes.list()].filter(({ provisioner }) => provisioner === driver);
      for (const { metadata } of ofDriver) controller.add(metadata.name);
    },
    close: () => open.dispose(),
  };
}
