import { Controller, type Result } from '../../api/controller.ts';
import { unreachable } from '../../lib/errors.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims, persistentVolumes } from '../../model/kinds/core.ts';
import { storageClasses, volumeAttachments } from '../../model/kinds/storage.ts';
import { keyOf, refOf, refTo } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';
import type { Sidecar, SidecarContext } from '../context.ts';
import { listenToExtras } from '../drivers/listen-to-extras.ts';
import { measuredStep } from '../measured-step.ts';
import { Freshest } from '../objects/freshest.ts';
import { isExhausted, isFinal, isInfeasible } from '../requests/outcome.ts';
import { Complaints } from '../retries/complaints.ts';
import { Pauses } from '../retries/pauses.ts';
import { WaitingForRoom } from '../retries/waiting-for-room.ts';
import { decideGrowth } from './decide.ts';
import { expand, type ResizerContext, recordSize, setProgress } from './expand.ts';

/** Grows volumes whose claims ask for more than they have. Those that there is no room for wait for it. */
export function createResizer(options: SidecarContext): Sidecar {
  const { api, drivers, log, events } = options;
  const claims = api.informer(persistentVolumeClaims);
  const context: ResizerContext = { ...options, claims: new Freshest(claims) };
  const volumes = api.informer(persistentVolumes);
  const classes = api.informer(storageClasses);
  const attachments = api.informer(volumeAttachments);
  const attachedTo = attachments.index('volume', ({ spec }) => [spec.source.persistentVolumeName ?? '']);
  const waitingFor = claims.index('growing', (claim) => (isGrowing(claim) ? [claim.spec.volumeName ?? '', ''] : []));
  const pauses = new Pauses({ longest: 600_000 });
  const complaints = new Complaints(events);
  const forRoom = new WaitingForRoom((key) => controller.add(key));

  const reconcile = async (key: string): Promise<Result | undefined> => {
    const claim = context.claims.get(refOf(key));
    if (!claim || !isGrowing(claim)) {
      forRoom.settled(key);
      return undefined;
    }
    const volume = volumes.get({ name: claim.spec.volumeName ?? '' });
    const driver = drivers.get(volume?.spec.csi?.driver ?? '');
    const storageClass = classes.get({ name: volume?.spec.storageClassName ?? '' });
    const use = driver?.extras.use;
    await use?.synced;
    const inUse = attachedTo(claim.spec.volumeName ?? '').length > 0 || (use?.isInUse(key) ?? false);
    const step = decideGrowth({ claim, volume, storageClass, driver, inUse });
    if (step.do !== 'expand') forRoom.settled(key);
    if (!volume || !driver) return undefined;
    switch (step.do) {
      case 'nothing':
        return undefined;
      case 'refuse':
      case 'wait':
        events.warning(claim, 'VolumeResizeFailed', step.message);
        return undefined;
      case 'finish':
        await setProgress(context, claim, { at: 'end', size: step.size });
        return undefined;
      case 'leave to node':
        await recordSize(context, volume, step.size);
        await setProgress(context, claim, { at: 'node', size: step.size });
        events.normal(claim, 'FileSystemResizeRequired', 'Require file system resize of volume on node');
        return undefined;
      case 'expand': {
        const pause = pauses.left(key, String(step.size));
        if (pause > 0) return { again: pause };
        if (forRoom.mustWait(key)) return undefined;
        try {
          await measuredStep(context.meter, 'expand', () =>
            expand(context, complaints, claim, volume, driver, step.size),
          );
          forRoom.settled(key, true);
          pauses.forget(key);
          return undefined;
        } catch (error) {
          if (isExhausted(error)) {
            forRoom.refused({
              key,
              driver: driver.name,
              kind: storageClass?.metadata.name ?? '',
              bytes: step.size - bytesOf(claim.status?.capacity?.['storage'] ?? '0'),
              since: claim.metadata.creationTimestamp ?? '',
            });
            return undefined;
          }
          forRoom.settled(key);
          if (!isFinal(error)) throw error;
          // What the driver called impossible will hardly be possible in a second.
          return { again: pauses.begin(key, String(step.size), isInfeasible(error) ? 30_000 : undefined) };
        }
      }
      default:
        return unreachable(step);
    }
  };

  const controller = new Controller({ name: 'resizer', log, reconcile: async (key) => await reconcile(key) })
    .watch(claims, (claim, { type }) => {
      if (type === 'deleted') {
        pauses.forget(keyOf(refTo(claim)));
        complaints.forget(keyOf(refTo(claim)));
      }
      if (type === 'deleted' || !isGrowing(claim)) forRoom.settled(keyOf(refTo(claim)));
      return type !== 'deleted' && isGrowing(claim) ? [keyOf(refTo(claim))] : [];
    })
    .watch(volumes, ({ metadata }) => waitingFor(metadata.name).map((claim) => keyOf(refTo(claim))))
    .watch(classes, () => waitingFor('').map((claim) => keyOf(refTo(claim))))
    .watch(attachments, ({ spec }, { type }) =>
      type === 'deleted' ? waitingFor(spec.source.persistentVolumeName ?? '').map((claim) => keyOf(refTo(claim))) : [],
    );
  const uses = listenToExtras(drivers, ({ use }) => use?.onChange((key) => controller.add(key)));
  return {
    controller,
    wake: (driver) => {
      for (const claim of waitingFor('')) controller.add(keyOf(refTo(claim)));
      forRoom.freed(driver);
    },
    roomFreed: (driver) => forRoom.freed(driver),
    close: () => {
      uses[Symbol.dispose]();
      forRoom[Symbol.dispose]();
      context.claims[Symbol.dispose]();
    },
  };
}

/** True if the claim asks for more than it says that it has. */
function isGrowing({ spec, status }: PersistentVolumeClaim): boolean {
  const wanted = spec.resources?.requests?.['storage'];
  const has = status?.capacity?.['storage'];
  return status?.phase === 'Bound' && wanted !== has && bytesOf(wanted ?? '0') > bytesOf(has ?? '0');
}
