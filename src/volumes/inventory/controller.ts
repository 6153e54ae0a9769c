import { join } from 'node:path';
import * as z from 'zod';
import { Controller } from '../../api/controller.ts';
import { timestamp } from '../../lib/clock.ts';
import { messageOf, unreachable } from '../../lib/errors.ts';
import { type Difference, type Inventory, inventories, snapshots, volumes } from '../../model/kinds/moorage.ts';
import { Records } from '../../node/records.ts';
import type { NodeStorage } from '../agent/node-storage.ts';
import { withConditions } from '../conditions.ts';
import { referenceText } from '../references/rules.ts';
import type { Finding } from './finding.ts';
import { look } from './look.ts';

const defaultGrace = 3600;
const sinceSchema = z.object({ since: z.number() });

/**
 * Answers each Inventory once: names the differences, and with spec.clean removes what carries our mark and what no
 * object has claimed for the grace period. That period runs from the first Inventory that saw it unclaimed, which is
 * remembered on disk, so that an object that is only missing for a moment costs nothing.
 */
export function createInventoryController(storage: NodeStorage): Controller {
  const { api, dataDir, log, node, sole } = storage.options;
  const unclaimed = new Records(join(dataDir, 'node/unclaimed'), (value) =>
    z.object({ since: z.number() }).parse(value),
  );
  const reconcile = async (name: string) => {
    const inventory = api.informer(inventories).get({ name });
    const phase = inventory?.status?.phase;
    if (!inventory || phase === 'Completed' || phase === 'Failed') return;
    if ((inventory.spec.node ?? (sole ? node : undefined)) !== node) return;
    try {
      const findings = await look(storage);
      const differences = await remember(storage, unclaimed, inventory, findings);
      const message = differences.length === 0 ? 'everything agrees' : `${differences.length} differences`;
      await write(storage, inventory, 'Completed', message, differences);
    } catch (error) {
      log.error({ inventory: name, error }, 'inventory failed');
      await write(storage, inventory, 'Failed', messageOf(error), []);
    }
  };
  return new Controller({
    name: 'inventory',
    log,
    concurrency: 1,
    reconcile,
  }).watch(api.informer(inventories), ({ metadata }) => [metadata.name]);
}

type Unclaimed = Records<z.infer<typeof sinceSchema>>;

/** Counts the time that each leak has been unclaimed, and applies remedies that are due. */
async function remember(
  storage: NodeStorage,
  unclaimed: Unclaimed,
  { spec }: Inventory,
  findings: readonly Finding[],
): Promise<Difference[]> {
  const grace = spec.graceSeconds ?? defaultGrace;
  const leaks = new Map(findings.flatMap((finding) => (finding.remedy ? [[keyOf(finding), finding] as const] : [])));
  for (const key of await unclaimed.names()) if (!leaks.has(key)) await unclaimed.remove(key);
  const differences: Difference[] = [];
  for (const finding of findings) {
    const { remedy, momentary: _, ...difference } = finding;
    if (!remedy) {
      differences.push(difference);
      continue;
    }
    const key = keyOf(finding);
    const known = await unclaimed.load(key);
    const since = known?.since ?? Date.now();
    if (!known) await unclaimed.save(key, { since });
    const left = Math.ceil(grace - (Date.now() - since) / 1000);
    const action = !spec.clean
      ? undefined
      : left > 0
        ? `kept: it may be removed in ${left} s, if nobody claims it by then`
        : await apply(storage, remedy);
    if (action === removed) await unclaimed.remove(key);
    differences.push({ ...difference, ...(action !== undefined && { action }) });
  }
  return differences;
}

const removed = 'removed';

async function apply(storage: NodeStorage, remedy: NonNullable<Finding['remedy']>): Promise<string> {
  const { api, engine, log } = storage.options;
  try {
    if (remedy.do === 'detach') {
      await engine.node.release(remedy.attachment);
      return removed;
    }
    if (remedy.do !== 'delete') return unreachable(remedy);
    const { artifact } = remedy;
    const { kind, pool, name, uid } = artifact;
    // The view may lag behind; the API itself has the last word.
    const claimed = kind === 'volume' ? await api.get(volumes, { name }) : await api.get(snapshots, { name });
    if (claimed?.metadata.uid === uid) return 'kept: an object claims it now';
    const by = await (kind === 'volume' ? storage.references.ofVolume(name) : storage.references.ofSnapshot(name));
    if (by) return `kept: ${referenceText(by)} stands for it`;
    if (!artifact.complete) return 'kept: it is half-made, and goes when Moorage starts next';
    if ((await engine.volumes.get(kind, { pool, name }))?.uid !== uid) return 'it is gone already';
    if (kind === 'volume') {
      await engine.node.detach({ pool, name });
      await engine.volumes.delete({ pool, name });
    } else await engine.volumes.deleteSnapshot({ pool, name });
    log.info({ kind, pool, name, uid }, 'removed what no object claimed');
    return removed;
  } catch (error) {
    return `kept: ${messageOf(error)}`;
  }
}

function keyOf({ remedy }: Finding): string {
  if (!remedy) return '';
  if (remedy.do === 'detach') return `device.${remedy.attachment.device.slice('/dev/'.length)}`;
  const { kind, pool, name, uid } = remedy.artifact;
  return `${kind}.${pool}.${name}.${uid}`;
}

async function write(
  storage: NodeStorage,
  inventory: Inventory,
  phase: 'Completed' | 'Failed',
  message: string,
  differences: Difference[],
): Promise<void> {
  const done = phase === 'Completed';
  const conditions = withConditions(inventory.status?.conditions, [
    { type: 'Ready', status: done ? 'True' : 'False', reason: phase, message },
  ]);
  const status = { ...inventory.status, phase, differences, completionTime: timestamp(), conditions };
  await storage.options.api.updateStatus(inventories, { ...inventory, status });
}
