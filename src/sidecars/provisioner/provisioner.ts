import { Controller, type Result } from '../../api/controller.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from '../../model/kinds/core.ts';
import { storageClasses, volumeSnapshots } from '../../model/kinds/storage.ts';
import { keyOf, refOf, refTo } from '../../model/object.ts';
import type { SidecarContext } from '../context.ts';
import { classOf, dataSourceOf, provisionerOf, volumeNameFor } from '../shared/claims.ts';
import { decideClaim } from './decide.ts';
import { Knowledge } from './knowledge.ts';
import { abandon, type ProvisionerParts, provision, release } from './provision.ts';
import { Wants } from './want.ts';

/** Makes volumes for claims, as many as 64 at once. */
export function createProvisioner(context: SidecarContext): { controller: Controller; wake: (driver: string) => void } {
  const { api, drivers, log, events } = context;
  const claims = api.informer(persistentVolumeClaims);
  const volumes = api.informer(persistentVolumes);
  const classes = api.informer(storageClasses);
  const parts: ProvisionerParts = { ...context, wants: new Wants(api), knowledge: new Knowledge() };
  const waitingFor = claims.index('waiting for a volume of', (claim) => (claim.spec.volumeName ? [] : waitKeys(claim)));

  const reconcile = async (key: string): Promise<Result | void> => {
    const claim = claims.get(refOf(key));
    if (!claim) return;
    const storageClass = classes.get({ name: classOf(claim) });
    const volume = volumes.get({ name: volumeNameFor(claim) });
    const step = decideClaim({ claim, volume, storageClass, isOurs: (name) => drivers.get(name) !== undefined });
    switch (step.do) {
      case 'nothing':
        return;
      case 'refuse':
        events.warning(claim, 'ProvisioningFailed', step.message);
        return;
      case 'leave to populator':
        events.normal(claim, 'Provisioning', 'Assuming an external populator will provision the volume');
        return;
      case 'release':
        return await release(parts, claim);
      case 'abandon': {
        const driver = drivers.get(step.driver);
        return driver && (await abandon(parts, claim, storageClass, driver));
      }
      case 'provision': {
        const driver = drivers.get(step.driver);
        return driver && (await provision(parts, claim, step.storageClass, driver));
      }
    }
  };

  const controller: Controller = new Controller({ name: 'provisioner', log, concurrency: 64, reconcile })
    .watch(claims, (claim, { type }) => {
      if (type === 'deleted') parts.knowledge.forget(claim);
      return type !== 'deleted' && provisionerOf(claim) !== undefined
        ? [keyOf(refTo(claim))]
        : keysWaitingForClaim(claim);
    })
    .watch(classes, ({ metadata }) => keysWaitingFor(`class ${metadata.name}`))
    .watch(volumes, () => [])
    .watch(api.informer(volumeSnapshots), (snapshot) =>
      snapshot.status?.readyToUse ? keysWaitingFor(`snapshot ${keyOf(refTo(snapshot))}`) : [],
    );
  const keysWaitingFor = (what: string) => waitingFor(what).map((claim) => keyOf(refTo(claim)));
  const keysWaitingForClaim = (claim: PersistentVolumeClaim) => keysWaitingFor(`claim ${keyOf(refTo(claim))}`);
  const wake = (driver: string) => {
    for (const key of keysWaitingFor(`driver ${driver}`)) controller.add(key);
  };
  return { controller, wake };
}

/** What a claim without a volume waits for: its class, its driver, its source. */
function waitKeys(claim: PersistentVolumeClaim): string[] {
  const source = dataSourceOf(claim);
  const { namespace } = claim.metadata;
  return [
    `class ${classOf(claim)}`,
    `driver ${provisionerOf(claim) ?? ''}`,
    ...(source && source.kind !== 'populator' ? [`${source.kind} ${keyOf({ namespace, name: source.name })}`] : []),
  ];
}
