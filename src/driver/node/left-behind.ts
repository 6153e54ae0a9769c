import { Controller, type Result } from '../../api/controller.ts';
import { type Volume, volumes } from '../../model/kinds/moorage.ts';
import { canonical } from '../../node/mountinfo.ts';
import { isUnwanted } from '../../volumes/conditions.ts';
import type { NodeRecord } from './device-mode.ts';
import { inTurn, mountsOf, type NodeContext } from './node-context.ts';
import { letGo, stillPublished } from './stage.ts';

/** Milliseconds: a kubelet that lives unstages within seconds of the last pod. */
const patienceByDefault = 120_000;

/**
 * Lets go of volumes of this node that nobody wants any more: their deletion was asked for, they are staged here, and
 * nothing uses them. A kubelet that dies between taking a volume from its last pod and unstaging it does not come back
 * to it. Whoever stages such a volume again wants it, and is not in danger: both are done in turn, and the volume no
 * longer counts as unwanted.
 */
export function createLeftBehind(context: Omit<NodeContext, 'onInline'>): Controller {
  const { api, events, log, node, patience = patienceByDefault, volumes: view } = context;
  /** When each was first seen unwanted, by performance.now(). */
  const since = new Map<string, number>();
  const isLeft = (volume: Volume | undefined): volume is Volume =>
    volume !== undefined && isUnwanted(volume) && (volume.status?.attachments ?? []).some((it) => it.node === node);

  const reconcile = async (name: string, signal: AbortSignal): Promise<Result> => {
    if (!isLeft(view.informer.get({ name }))) {
      since.delete(name);
      return {};
    }
    const first = since.get(name) ?? performance.now();
    since.set(name, first);
    const left = first + patience - performance.now();
    if (left > 0) return { again: left };
    return await inTurn(context, name, signal, async () => {
      const volume = await api.get(volumes, { name });
      if (!isLeft(volume)) return {};
      const record = await context.records.load(name);
      // What this node has no record of was never staged, or by somebody whose records these are not.
      if (!record || record.inline || (await isUsed(context, record))) return { again: patience };
      await letGo(context, record);
      await context.records.remove(name);
      const message = `it was still staged on ${node} at ${record.staging}, nothing used it, and it is to be deleted; let go`;
      events.normal(volume, 'LetGo', message);
      log.info({ volume: name, staging: record.staging }, 'let go of a volume that nobody wants any more');
      return {};
    });
  };
  return new Controller({ name: 'left-behind', log, reconcile }).watch(view.informer, ({ metadata }) => [
    metadata.name,
  ]);
}

/** Whether anything but staging has it mounted: what was published, or somebody else by hand. */
async function isUsed({ engine }: Pick<NodeContext, 'engine'>, record: NodeRecord): Promise<boolean> {
  if ((await stillPublished(record)).length > 0) return true;
  const attached = await engine.node.attached({ pool: record.pool, name: record.volume });
  if (attached?.kind !== 'device') return false;
  const staging = await canonical(record.staging);
  return (await mountsOf(attached.path)).some(({ target }) => target !== staging);
}
