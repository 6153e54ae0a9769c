import { Controller, type Result } from '../../api/controller.ts';
import { hasFinalizer } from '../../api/finalizers.ts';
import { unreachable } from '../../lib/errors.ts';
import { classOf, dataSourceOf, provisionerOf, volumeNameFor } from '../../model/claims/claims.ts';
import { provisioningFinalizer } from '../../model/claims/well-known.ts';
import {
  nodes,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../model/kinds/core.ts';
import { csiNodes, type StorageClass, storageClasses, volumeSnapshots } from '../../model/kinds/storage.ts';
import { keyOf, refOf, refTo } from '../../model/object.ts';
import { DirectBinding } from '../binding/direct-binding.ts';
import type { Sidecar, SidecarContext } from '../context.ts';
import { Wants } from '../create-volume/wants.ts';
import type { Driver } from '../drivers/driver.ts';
import { Freshest } from '../objects/freshest.ts';
import { Complaints } from '../retries/complaints.ts';
import { abandon, release } from './abandon.ts';
import { Attempts } from './attempts.ts';
import { decideClaim, driverNameFor, waitsForConsumer } from './decide.ts';
import { Knowledge } from './knowledge.ts';
import type { ProvisionerParts } from './parts.ts';
import { goneNodeOf, reschedule } from './reschedule.ts';

export interface ProvisionerOptions extends SidecarContext {
  /** Whether claims are bound to their new volumes here, without waiting for a binder. Default false. */
  readonly directBinding?: boolean;
  /** Whether a scheduler chooses the nodes of consumers, and chooses again where there can't be a volume. Default false. */
  readonly hasScheduler?: boolean;
  /** Hears of each driver that had no room for a claim. */
  readonly onExhausted?: (driver: string) => void;
}

/**
 * Makes volumes for claims, as many as 64 at once. A claim that its driver has no room for waits for room, and asks for
 * nothing meanwhile; one that failed for another certain reason is tried again after 1 s, 2 s, 4 s … 5 min. Whatever
 * came out uncertainly is tried again at once, by the rules of the work queue.
 */
export function createProvisioner(context: ProvisionerOptions): Sidecar {
  const { api, drivers, log, events, directBinding = false } = context;
  const claims = api.informer(persistentVolumeClaims);
  const volumes = api.informer(persistentVolumes);
  const classes = api.informer(storageClasses);
  const complaints = new Complaints(events);
  const retry = (key: string) => controller.add(key);
  const parts: ProvisionerParts = {
    ...context,
    bindsDirectly: directBinding,
    hasScheduler: context.hasScheduler ?? false,
    claims: new Freshest(claims),
    volumes: new Freshest(volumes),
    wants: new Wants(api),
    knowledge: new Knowledge(),
    complaints,
  };
  const attempts = new Attempts(parts, { retry, onExhausted: context.onExhausted ?? (() => {}) });
  const direct = directBinding ? new DirectBinding(parts, retry) : undefined;
  const waitingFor = claims.index('waiting for a volume of', waitKeys);
  const keysWaitingFor = (what: string) => waitingFor(what).map((claim) => keyOf(refTo(claim)));

  /** Those that failed may have a reason to try anew. */
  const keysToTryFor = (what: string) => {
    const keys = keysWaitingFor(what);
    for (const key of keys) attempts.endPause(key);
    return keys;
  };

  const keysOfDriver = (name: string) => {
    const ofClasses = directBinding ? [...classes.list()].filter(({ provisioner }) => provisioner === name) : [];
    return [
      ...keysToTryFor(`driver ${name}`),
      ...ofClasses.flatMap(({ metadata }) => keysToTryFor(`class ${metadata.name}`)),
    ];
  };

  const provisionAndBind = async (
    key: string,
    claim: PersistentVolumeClaim,
    storageClass: StorageClass,
    driver: Driver,
  ): Promise<Result | undefined> => {
    if (goneNodeOf(parts, claim) && (await reschedule(parts, claim, driver.name))) return undefined;
    // The binder looks first at the volumes that are there; where it has told us to make one, it has looked.
    if (direct && provisionerOf(claim) === undefined) {
      const later = direct.leaves(claim, waitsForConsumer(storageClass));
      if (later) return later;
    }
    const { made, later } = await attempts.make(key, claim, storageClass, driver);
    if (made) await direct?.bind(made);
    return later;
  };

  const reconcile = async (key: string): Promise<Result | undefined> => {
    const claim = parts.claims.get(refOf(key));
    if (!claim) return undefined;
    const name = classOf(claim);
    // The binder may have seen a class that is not yet known here: a claim comes with its class, and watches differ.
    const isNews = provisionerOf(claim) !== undefined && name !== '';
    const storageClass = classes.get({ name }) ?? (isNews ? await api.get(storageClasses, { name }) : undefined);
    const volume = parts.volumes.get({ name: volumeNameFor(claim) });
    const driver = drivers.get(driverNameFor(claim, storageClass, directBinding) ?? '');
    const step = decideClaim({ claim, volume, storageClass, driver, bindsDirectly: directBinding });
    if (step.do !== 'provision') attempts.settled(key);
    switch (step.do) {
      case 'nothing':
        return undefined;
      case 'refuse':
        events.warning(claim, 'ProvisioningFailed', step.message);
        return undefined;
      case 'leave to populator':
        events.normal(claim, 'Provisioning', 'Assuming an external populator will provision the volume');
        return undefined;
      case 'wait for driver':
        events.warning(claim, 'ProvisioningCleanupFailed', step.message);
        return undefined;
      case 'release':
        await release(parts, claim);
        return undefined;
      case 'bind':
        await direct?.bind({ claim, volume: step.volume });
        return undefined;
      case 'withdraw':
        await direct?.withdraw({ claim, volume: step.volume });
        return undefined;
      case 'abandon':
        await abandon(parts, claim, storageClass, step.driver);
        return undefined;
      case 'provision':
        return await provisionAndBind(key, claim, step.storageClass, step.driver);
      default:
        return unreachable(step);
    }
  };

  const controller = new Controller({ name: 'provisioner', log, concurrency: 64, reconcile })
    .watch(claims, (claim, { type }) => {
      if (type === 'deleted') {
        const key = keyOf(refTo(claim));
        parts.knowledge.forget(claim);
        complaints.forget(key);
        attempts.forget(key);
        direct?.forget(key);
      }
      const isOwn = directBinding || provisionerOf(claim) !== undefined;
      const own = type !== 'deleted' && isOwn ? [keyOf(refTo(claim))] : [];
      return [...own, ...keysToTryFor(`claim ${keyOf(refTo(claim))}`)];
    })
    .watch(classes, ({ metadata }) => keysToTryFor(`class ${metadata.name}`))
    .watch(api.informer(csiNodes), ({ spec }) => (spec.drivers ?? []).flatMap(({ name }) => keysOfDriver(name)))
    // Nothing to do when these change, but they must be known before the first pass.
    .watch(volumes, () => [])
    .watch(api.informer(nodes), () => []);
  // Not awaited as the others are: an API may not serve snapshots.
  const snapshotNews = api.informer(volumeSnapshots).onChange(({ object, type }) => {
    if (type === 'deleted' || !object.status?.readyToUse) return;
    for (const key of keysToTryFor(`snapshot ${keyOf(refTo(object))}`)) controller.add(key);
  });
  return {
    controller,
    wake: (driver) => {
      for (const key of keysOfDriver(driver)) controller.add(key);
      attempts.freed(driver);
    },
    roomFreed: (driver) => attempts.freed(driver),
    close: () => {
      snapshotNews[Symbol.dispose]();
      attempts[Symbol.dispose]();
      direct?.[Symbol.dispose]();
      parts.claims[Symbol.dispose]();
      parts.volumes[Symbol.dispose]();
    },
  };
}

/** What a claim without a volume waits for: its class, its driver, its source. */
function waitKeys(claim: PersistentVolumeClaim): string[] {
  if (claim.spec.volumeName && !hasFinalizer(claim, provisioningFinalizer)) return [];
  const source = dataSourceOf(claim);
  const { namespace } = claim.metadata;
  return [
    `class ${classOf(claim)}`,
    `driver ${provisionerOf(claim) ?? ''}`,
    ...(source && source.kind !== 'populator' ? [`${source.kind} ${keyOf({ namespace, name: source.name })}`] : []),
  ];
}
