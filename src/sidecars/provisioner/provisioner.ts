import { Controller, type Result } from '../../api/controller.ts';
import {
  nodes,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../model/kinds/core.ts';
import { csiNodes, storageClasses, volumeSnapshots } from '../../model/kinds/storage.ts';
import { keyOf, refOf, refTo } from '../../model/object.ts';
import type { Sidecar, SidecarContext } from '../context.ts';
import { classOf, dataSourceOf, provisionerOf, volumeNameFor } from '../shared/claims.ts';
import { hasFinalizer } from '../shared/finalizers.ts';
import { provisioningFinalizer } from '../shared/names.ts';
import { waitIfNotReady } from '../shared/wait.ts';
import { abandon, release } from './abandon.ts';
import { decideClaim } from './decide.ts';
import { Knowledge } from './knowledge.ts';
import { type ProvisionerParts, provision } from './provision.ts';
import { Wants } from './want.ts';

/** Makes volumes for claims, as many as 64 at once. */
export function createProvisioner(context: SidecarContext): Sidecar {
  const { api, drivers, log, events } = context;
  const claims = api.informer(persistentVolumeClaims);
  const volumes = api.informer(persistentVolumes);
  const classes = api.informer(storageClasses);
  const parts: ProvisionerParts = { ...context, wants: new Wants(api), knowledge: new Knowledge() };
  const waitingFor = claims.index('waiting for a volume of', waitKeys);
  const keysWaitingFor = (what: string) => waitingFor(what).map((claim) => keyOf(refTo(claim)));

  const reconcile = async (key: string): Promise<Result | undefined> => {
    const claim = claims.get(refOf(key));
    if (!claim) return undefined;
    const storageClass = classes.get({ name: classOf(claim) });
    const volume = volumes.get({ name: volumeNameFor(claim) });
    const step = decideClaim({ claim, volume, storageClass, driver: drivers.get(provisionerOf(claim) ?? '') });
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
      case 'abandon':
        await abandon(parts, claim, storageClass, step.driver);
        return undefined;
      case 'provision':
        return await waitIfNotReady(() => provision(parts, claim, step.storageClass, step.driver));
    }
  };

  const controller = new Controller({ name: 'provisioner', log, concurrency: 64, reconcile })
    .watch(claims, (claim, { type }) => {
      if (type === 'deleted') parts.knowledge.forget(claim);
      const own = type !== 'deleted' && provisionerOf(claim) !== undefined ? [keyOf(refTo(claim))] : [];
      return [...own, ...keysWaitingFor(`claim ${keyOf(refTo(claim))}`)];
    })
    .watch(classes, ({ metadata }) => keysWaitingFor(`class ${metadata.name}`))
    .watch(api.informer(volumeSnapshots), (snapshot) =>
      snapshot.status?.readyToUse ? keysWaitingFor(`snapshot ${keyOf(refTo(snapshot))}`) : [],
    )
    .watch(api.informer(csiNodes), ({ spec }) => spec.drivers.flatMap(({ name }) => keysWaitingFor(`driver ${name}`)))
    // Nothing to do when these change, but they must be known before the first pass.
    .watch(volumes, () => [])
    .watch(api.informer(nodes), () => []);
  return {
    controller,
    wake: (driver) => {
      for (const key of keysWaitingFor(`driver ${driver}`)) controller.add(key);
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
