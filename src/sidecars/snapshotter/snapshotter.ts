import { Controller, type Result } from '../../api/controller.ts';
import { ensureFinalizer, ensureNoFinalizer } from '../../api/finalizers.ts';
import { isCode, unreachable } from '../../lib/errors.ts';
import { contentBoundFinalizer, snapshotBeingDeletedAnnotation } from '../../model/claims/well-known.ts';
import { type VolumeSnapshotContent, volumeSnapshotContents } from '../../model/kinds/storage.ts';
import { isDeleting } from '../../model/object.ts';
import type { Sidecar, SidecarContext } from '../context.ts';
import type { Driver } from '../drivers/driver.ts';
import { measuredStep } from '../measured-step.ts';
import { describeFailure } from '../requests/outcome.ts';
import { decideContent } from './decide.ts';
import {
  callDeleteSnapshot,
  deleteUnrecorded,
  lookAtSnapshot,
  recordFailure,
  recordSnapshot,
  takeSnapshot,
} from './take.ts';

const firstPoll = 250;
const longestPoll = 60_000;

/** Takes, looks at and deletes snapshots as VolumeSnapshotContents wish. */
export function createSnapshotter(context: SidecarContext): Sidecar {
  const { api, drivers, log } = context;
  const contents = api.informer(volumeSnapshotContents);
  const openOf = contents.index('to be worked on by', (it) =>
    it.status?.readyToUse && !isDeleting(it) ? [] : [it.spec.driver],
  );
  const polls = new Map<string, number>();

  const reconcile = async (name: string): Promise<Result | undefined> => {
    const content = contents.get({ name });
    const driver = content && drivers.get(content.spec.driver);
    if (!content || !driver) return undefined;
    try {
      const ready = await work(context, content, driver);
      if (ready) {
        polls.delete(name);
        return undefined;
      }
    } catch (error) {
      await tellFailure(context, content, error);
      throw error;
    }
    const again = Math.min((polls.get(name) ?? firstPoll / 2) * 2, longestPoll);
    polls.set(name, again);
    return { again };
  };

  const controller = new Controller({ name: 'snapshotter', log, concurrency: 32, reconcile }).watch(
    contents,
    (content, { type, old }) => {
      if (type === 'deleted') polls.delete(content.metadata.name);
      return type === 'added' || (old && isNews(old, content)) ? [content.metadata.name] : [];
    },
  );
  return {
    controller,
    wake: (driver) => {
      for (const { metadata } of openOf(driver)) controller.add(metadata.name);
    },
  };
}

/** True if the wish has changed; what is written here, about the driver's answers, is no reason to ask again. */
function isNews(old: VolumeSnapshotContent, content: VolumeSnapshotContent): boolean {
  const wish = ({ metadata }: VolumeSnapshotContent) =>
    [
      metadata.generation,
      metadata.deletionTimestamp,
      metadata.annotations?.[snapshotBeingDeletedAnnotation],
      metadata.finalizers?.length,
    ].join();
  return wish(old) !== wish(content);
}

/** One step for a content. Returns false if the driver is still at it. */
async function work(context: SidecarContext, content: VolumeSnapshotContent, driver: Driver): Promise<boolean> {
  const { api, meter, log } = context;
  const fields = { content: content.metadata.name, driver: driver.name };
  const letGo = () => ensureNoFinalizer(api, volumeSnapshotContents, content, contentBoundFinalizer);
  const step = decideContent(content);
  switch (step) {
    case 'nothing':
      return true;
    case 'create': {
      const snapshot = await measuredStep(meter, 'snapshot', () => takeSnapshot(context, content, driver));
      await recordSnapshot(context, content, snapshot);
      if (snapshot.readyToUse) log.info(fields, 'snapshot taken');
      return snapshot.readyToUse;
    }
    case 'look': {
      const snapshot = await lookAtSnapshot(context, content, driver);
      await ensureFinalizer(api, volumeSnapshotContents, content, contentBoundFinalizer);
      await recordSnapshot(context, content, snapshot);
      return snapshot.readyToUse;
    }
    case 'delete': {
      const handle = content.status?.snapshotHandle ?? content.spec.source.snapshotHandle ?? '';
      await callDeleteSnapshot(context, content, handle, driver);
      await letGo();
      log.info(fields, 'snapshot deleted');
      return true;
    }
    case 'create and delete': {
      await deleteUnrecorded(context, content, driver);
      await letGo();
      return true;
    }
    case 'let go':
      await letGo();
      return true;
    default:
      return unreachable(step);
  }
}

async function tellFailure(context: SidecarContext, content: VolumeSnapshotContent, error: unknown): Promise<void> {
  if (isCode(error, 'conflict')) return;
  const message = describeFailure(error);
  if (isDeleting(content)) {
    context.events.warning(content, 'SnapshotDeleteError', `Failed to delete snapshot: ${message}`);
    return;
  }
  context.events.warning(content, 'SnapshotCreationFailed', `Failed to create snapshot: ${message}`);
  await recordFailure(context, content, `Failed to check and update snapshot content: ${message}`);
}
