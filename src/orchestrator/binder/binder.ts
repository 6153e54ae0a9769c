import type { Change } from '../../api/api.ts';
import type { Context } from '../../api/context.ts';
import { Controller, type Result } from '../../api/controller.ts';
import { KeyedLock } from '../../lib/keyed-lock.ts';
import { classOfVolume } from '../../model/claims/claims.ts';
import {
  type Mount,
  mounts,
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '../../model/kinds/index.ts';
import { keyOf, refOf, refTo } from '../../model/object.ts';
import { execute } from './execute.ts';
import { planBinding } from './plan.ts';
import { planVolume } from './plan-volume.ts';
import { claimKeysOfVolume, openBinderViews, unnamedClass } from './views.ts';

export interface BinderOptions extends Context {
  /** The node of Mounts that name none. */
  readonly node: string;
  readonly hasDriver: (provisioner: string) => boolean;
}

const concurrency = 64;

/** Binds claims to volumes; see planBinding. */
export function createClaimBinder(options: BinderOptions): Controller {
  const { api, log, events, meter } = options;
  const views = openBinderViews(options);
  // Of two claims that want the same free volume, one waits here instead of losing a race.
  const choosing = new KeyedLock();

  const reconcile = async (key: string): Promise<Result | undefined> => {
    const claim = views.claims.get(refOf(key));
    if (!claim) return undefined;
    const started = performance.now();
    let plan = planBinding(views.of(claim));
    if (plan.steps.some((step) => step.do === 'change-volume')) {
      plan = await choosing.run('volumes', async () => {
        const fresh = planBinding(views.of(views.claims.get(refOf(key)) ?? claim));
        const at = fresh.steps.findLastIndex((step) => step.do === 'change-volume') + 1;
        await execute(api, events, fresh.steps.slice(0, at));
        return { ...fresh, steps: fresh.steps.slice(at) };
      });
    }
    await execute(api, events, plan.steps);
    if (plan.outcome === 'bind') {
      meter.observe('step', { step: 'bind', code: 'ok' }, (performance.now() - started) / 1000);
      log.debug({ claim: key, volume: plan.volume }, 'claim bound');
    }
    return plan.again === undefined ? undefined : { again: plan.again };
  };

  return new Controller({ name: 'claim-binder', log, reconcile, concurrency })
    .watch(api.informer(persistentVolumeClaims), (claim) => [keyOf(refTo(claim))])
    .watch(api.informer(persistentVolumes), function* (volume, change) {
      const { claimRef } = volume.spec;
      if (claimRef?.name) yield keyOf({ namespace: claimRef.namespace, name: claimRef.name });
      for (const claim of views.claimsNaming(volume.metadata.name)) yield keyOf(refTo(claim));
      if (becameAvailable(volume, change)) yield* keysOf(views.claimsWaitingFor(classOfVolume(volume)));
    })
    .watch(api.informer(storageClasses), function* (storageClass) {
      yield* keysOf(views.claimsWaitingFor(storageClass.metadata.name));
      yield* keysOf(views.claimsWaitingFor(unnamedClass));
    })
    .watch(api.informer(mounts), (mount, change) => (isNews(mount, change) ? [claimKeyOf(mount)] : []));
}

/** Keeps the phase of volumes, frees and releases them; see planVolume. */
export function createVolumeBinder({ api, log, events }: BinderOptions): Controller {
  const volumes = api.informer(persistentVolumes);
  const claims = api.informer(persistentVolumeClaims);
  const volumesFor = volumes.index('claim', claimKeysOfVolume);
  return new Controller({
    name: 'volume-binder',
    log,
    concurrency,
    reconcile: async (name) => {
      const volume = volumes.get({ name });
      if (!volume) return;
      const { claimRef } = volume.spec;
      const claim = claimRef?.name ? claims.get({ namespace: claimRef.namespace, name: claimRef.name }) : undefined;
      await execute(api, events, planVolume({ volume, claim }).steps);
    },
  })
    .watch(volumes, ({ metadata }) => [metadata.name])
    .watch(claims, function* (claim, { type, old }) {
      // Only what planVolume looks at: that the claim is there, and which volume it names.
      if (type === 'modified' && old?.spec.volumeName === claim.spec.volumeName) return;
      for (const { metadata } of volumesFor(keyOf(refTo(claim)))) yield metadata.name;
    });
}

function becameAvailable(volume: PersistentVolume, { type, old }: Change<PersistentVolume>): boolean {
  return type !== 'deleted' && volume.status?.phase === 'Available' && old?.status?.phase !== 'Available';
}

function isNews(mount: Mount, { type, old }: Change<Mount>): boolean {
  return type !== 'modified' || old?.metadata.deletionTimestamp !== mount.metadata.deletionTimestamp;
}

function claimKeyOf({ metadata, spec }: Mount): string {
  return keyOf({ namespace: metadata.namespace, name: spec.claim });
}

function keysOf(claims: readonly PersistentVolumeClaim[]): string[] {
  return claims.map((claim) => keyOf(refTo(claim)));
}
