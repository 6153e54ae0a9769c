import type { Result } from '../../api/controller.ts';
import { ensureFinalizer, ensureNoFinalizer, hasFinalizer } from '../../api/finalizers.ts';
import { RpcError } from '../../csi/transport/codes.ts';
import { codeOf, fail, isCode } from '../../lib/errors.ts';
import {
  type Mount,
  mounts,
  nodes,
  type PersistentVolume,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../model/kinds/index.ts';
import { isDeleting, keyOf, refTo } from '../../model/object.ts';
import { describeFailure } from '../../sidecars/requests/outcome.ts';
import { attachmentObstacle, noteAttached } from '../attach/attachment.ts';
import { checkTargetBounds } from '../publish/bounds.ts';
import { checkTarget, lookAt, resolveTarget } from '../publish/target.ts';
import { mountFinalizer, stagingPath } from '../volume-names.ts';
import type { MounterContext } from './context.ts';
import type { MountRecord } from './mount-ledger.ts';
import { type Go, invalidPath, type MountSource, type Obstacle, planMount } from './plan.ts';
import { putOn } from './put-on.ts';
import { latest, reportMount } from './report-mount.ts';

/** Milliseconds after which to look again at what no event tells of: a path in use, a driver that is not there. */
const patience = 5_000;

/**
 * Brings a Mount up as far as it goes now, and says in its status how far that is. Returns the record once it is
 * mounted; otherwise when to look again.
 */
export async function takeUp(
  context: MounterContext,
  mount: Mount,
  signal: AbortSignal,
): Promise<MountRecord | Result | undefined> {
  const known = context.ledger.of(mount.metadata.uid ?? '');
  if (known && context.published.has(known.uid)) return known;
  const claim = context.api.informer(persistentVolumeClaims).get(claimRefOf(mount));
  return await context.lock.run(claim?.spec.volumeName || `of claim ${keyOf(claimRefOf(mount))}`, async () => {
    try {
      return await bringUp(context, mount, signal);
    } catch (error) {
      if (isCode(error, 'conflict') || signal.aborted) throw error;
      return await explain(context, mount, error);
    }
  });
}

async function bringUp(
  context: MounterContext,
  given: Mount,
  signal: AbortSignal,
): Promise<MountRecord | Result | undefined> {
  const { api, node, ledger, log } = context;
  const begun = ledger.of(given.metadata.uid ?? '');
  const wrong = invalidPath(given);
  if (wrong) return await hold(context, given, wrong);
  const target = begun?.target ?? (await resolveTarget(given.spec.path, (place) => checkTargetBounds(context, place)));
  const plan = planMount(worldOf(context, given, target, begun !== undefined));
  if (!plan.go) return await hold(context, given, plan);
  const record = begun ?? draft(context, given, plan, target);
  const mount = begun
    ? await ensureFinalizer(api, mounts, given, mountFinalizer)
    : await begin(context, given, record, plan.volume.spec.volumeMode === 'Block');
  const waiting = attachmentObstacle(context, plan);
  if (waiting) {
    if (!context.attaching.has(record.uid)) context.attaching.set(record.uid, performance.now());
    await reportMount(api, mount, node, { ...waiting, volume: record.volume });
    return undefined;
  }
  noteAttached(context, record);
  await putOn(context, mount, plan, record, signal);
  context.published.add(record.uid);
  const message = `volume "${record.volume}" is mounted at ${record.target}`;
  await reportMount(api, latest(context.api, mount), node, {
    phase: 'Mounted',
    reason: 'Mounted',
    message,
    volume: record.volume,
  });
  log.info({ mount: keyOf(refTo(mount)), volume: record.volume, path: record.target }, 'mounted');
  return record;
}

/** The record as it will be kept; it takes the path and the volume at once, before anything else looks. */
function draft(context: MounterContext, { metadata }: Mount, { volume, source }: Go, target: string): MountRecord {
  const record: MountRecord = {
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    volume: volume.metadata.name,
    source: sourceRecord(context, source),
    target,
    targetWas: 'nothing',
  };
  context.ledger.reserve(record);
  return record;
}

function sourceRecord({ csi, dataDir }: MounterContext, source: MountSource): MountRecord['source'] {
  if (source.kind === 'bind') return { kind: 'bind', path: source.path };
  const { driver, volumeHandle: handle } = source.csi;
  const { capabilities } = csi.driver(driver);
  return { kind: 'csi', driver, handle, ...(capabilities.stage && { staging: stagingPath(dataDir, driver, handle) }) };
}

/** Before the first effect: the record is on disk, and the Mount and its claim can't vanish. */
async function begin(context: MounterContext, mount: Mount, record: MountRecord, block: boolean): Promise<Mount> {
  const { api, ledger } = context;
  try {
    const targetWas = await checkTarget(record.target, block);
    const protecting = ensureFinalizer(api, mounts, mount, mountFinalizer);
    const saving = ledger.save({ ...record, targetWas });
    await Promise.allSettled([protecting, saving]);
    await saving;
    const claim = api.informer(persistentVolumeClaims).get(claimRefOf(mount));
    if (claim && !isDeleting(claim)) return await protecting;
    return fail('conflict', `claim "${mount.spec.claim}" was deleted just before it was to be mounted`);
  } catch (error) {
    await ledger.remove(record);
    throw error;
  }
}

/** What can't go on says so. What was never begun lets go of its claim. */
async function hold(context: MounterContext, mount: Mount, obstacle: Obstacle): Promise<Result> {
  const begun = context.ledger.of(mount.metadata.uid ?? '');
  let newest = mount;
  if (!begun && hasFinalizer(mount, mountFinalizer)) {
    newest = (await ensureNoFinalizer(context.api, mounts, mount, mountFinalizer)) ?? mount;
  }
  const isNews = await reportMount(context.api, newest, context.node, obstacle);
  if (isNews && obstacle.phase === 'Failed') context.events.warning(mount, 'FailedMount', obstacle.message);
  return { again: patience };
}

async function explain(context: MounterContext, mount: Mount, error: unknown): Promise<Result> {
  const record = context.ledger.of(mount.metadata.uid ?? '');
  // After a restart the driver may come a moment later than we do; what is mounted meanwhile stays so.
  const away = isCode(error, 'not-ready');
  if (away && record && (await lookAt(record.target)) === 'mount') return { again: patience };
  const message = describeFailure(error);
  const lasting = isCode(error, 'invalid', 'unsupported', 'permission', 'not-found');
  const news = {
    phase: lasting ? 'Failed' : away ? 'Pending' : 'Mounting',
    reason: error instanceof RpcError ? 'DriverFailed' : reasonOf(error),
    message,
    volume: record?.volume,
  } as const;
  const isNews = await reportMount(context.api, latest(context.api, mount), context.node, news);
  if (isNews) context.events.warning(mount, 'FailedMount', message);
  if (lasting || away) return { again: patience };
  throw error;
}

function reasonOf(error: unknown): string {
  return codeOf(error).replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

function worldOf(
  context: MounterContext,
  mount: Mount,
  target: string,
  begun: boolean,
): Parameters<typeof planMount>[0] {
  const { api, ledger } = context;
  const claim = api.informer(persistentVolumeClaims).get(claimRefOf(mount));
  const volume: PersistentVolume | undefined = claim?.spec.volumeName
    ? api.informer(persistentVolumes).get({ name: claim.spec.volumeName })
    : undefined;
  const node = api.informer(nodes).get({ name: context.node }) ?? {
    apiVersion: 'v1' as const,
    kind: 'Node' as const,
    metadata: { name: context.node },
  };
  const others = mountsOfClaim(context)(keyOf(claimRefOf(mount))).filter(
    (it) => it.metadata.uid !== mount.metadata.uid && hasFinalizer(it, mountFinalizer),
  );
  return { mount, claim, volume, target, node, others, begun, records: ledger.all() };
}

/** The look-up of Mounts by the key of their claim. */
export function mountsOfClaim({ api }: Pick<MounterContext, 'api'>): (key: string) => readonly Mount[] {
  return api.informer(mounts).index('claim', (mount) => [keyOf(claimRefOf(mount))]);
}

/** The claim that a Mount names. */
export function claimRefOf({ metadata, spec }: Mount): { namespace: string | undefined; name: string } {
  return { namespace: metadata.namespace, name: spec.claim };
}
