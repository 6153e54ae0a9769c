import type { MachineContext } from '../../api/context.ts';
import { Controller, type Result } from '../../api/controller.ts';
import { ensureNoFinalizer, hasFinalizer } from '../../api/finalizers.ts';
import { isCode } from '../../lib/errors.ts';
import { KeyedLock } from '../../lib/keyed-lock.ts';
import { type Mount, mounts, nodes, persistentVolumeClaims, volumeAttachments } from '../../model/kinds/index.ts';
import { isDeleting, keyOf, refOf, refTo } from '../../model/object.ts';
import type { DriverRegistry } from '../../sidecars/drivers/driver.ts';
import { describeFailure } from '../../sidecars/requests/outcome.ts';
import { CsiNode } from '../publish/csi-volume.ts';
import { mountFinalizer } from '../volume-names.ts';
import type { MounterContext } from './context.ts';
import { awaitsGrowth, growMounted } from './growth.ts';
import type { MountLedger } from './mount-ledger.ts';
import { reportMount } from './report-mount.ts';
import { takeOff } from './take-off.ts';
import { mountsOfClaim, takeUp } from './take-up.ts';

export interface MounterOptions extends MachineContext {
  readonly drivers: DriverRegistry;
  readonly ledger: MountLedger;
  /** Called when nothing of a volume is mounted on this node any more. */
  readonly onReleased: (volume: string) => void;
}

const firstPause = 100;
const longestPause = 5_000;

/** Mounts what the Mounts of this node ask for, and takes it off again: the kubelet's part of a volume's life. */
export class Mounter implements AsyncDisposable {
  readonly #context: MounterContext;
  readonly #onReleased: (volume: string) => void;
  readonly #controller: Controller;
  readonly #drivers: DriverRegistry;
  readonly #open = new DisposableStack();
  /** Records of Mounts that may have been lost with the store, by uid: no wish of anybody's, so they stay mounted. */
  readonly #forgotten = new Set<string>();
  /** Pause before the next try to unmount what is busy, by uid of the Mount. */
  readonly #pauses = new Map<string, number>();

  constructor({ drivers, onReleased, lastLoss, ...options }: MounterOptions) {
    const csi = new CsiNode({ api: options.api, drivers });
    this.#context = {
      ...options,
      csi,
      lock: new KeyedLock(),
      staged: new Set(),
      attaching: new Map(),
      published: new Set(),
    };
    this.#onReleased = onReleased;
    this.#drivers = drivers;
    const { api, ledger, log } = options;
    if (lastLoss) this.#forget();
    const mountsOf = mountsOfClaim(this.#context);
    this.#controller = new Controller({
      name: 'mounter',
      log,
      maxBackoff: 10_000,
      reconcile: (key, signal) => this.#reconcile(key, signal),
    })
      .watch(api.informer(mounts), function* (mount, { type }) {
        yield keyOf(refTo(mount));
        if (type === 'deleted') for (const other of mountsOf(claimKey(mount))) yield keyOf(refTo(other));
      })
      .watch(api.informer(persistentVolumeClaims), (claim) =>
        mountsOf(keyOf(refTo(claim))).map((it) => keyOf(refTo(it))),
      )
      .watch(api.informer(volumeAttachments), ({ spec }) =>
        ledger.ofVolume(spec.source.persistentVolumeName ?? '').map(keyOf),
      );
  }

  /** Starts, and mends the difference between what earlier runs have left and what should be mounted. */
  async start(): Promise<void> {
    const { api, ledger } = this.#context;
    for (const record of ledger.all()) this.#controller.add(keyOf(record));
    await this.#controller.start();
    this.#open.use(
      this.#drivers.onChange(() => {
        for (const mount of api.informer(mounts).list()) {
          if (mount.status?.phase !== 'Mounted') this.#controller.add(keyOf(refTo(mount)));
        }
        for (const record of ledger.all()) this.#controller.add(keyOf(record));
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open.dispose();
    await this.#controller[Symbol.asyncDispose]();
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<Result | undefined> {
    const { api, node, ledger } = this.#context;
    const { namespace = '', name } = refOf(key);
    const mount = api.informer(mounts).get({ namespace, name });
    // Whatever became of the objects, what was mounted for a Mount that is no longer there comes off.
    for (const record of ledger.named(namespace, name)) {
      if (record.uid === mount?.metadata.uid || (!mount && this.#forgotten.has(record.uid))) continue;
      await takeOff(this.#context, record, signal);
      this.#onReleased(record.volume);
    }
    if (!mount) return undefined;
    const where = mount.status?.node ?? mount.spec.node ?? node;
    if (where !== node) return await this.#leaveToOthers(mount, where);
    if (isDeleting(mount)) return await this.#letGo(mount, signal);
    const result = await takeUp(this.#context, mount, signal);
    if (!result || !('uid' in result)) return result;
    const claim = api.informer(persistentVolumeClaims).get({ namespace, name: mount.spec.claim });
    if (claim && awaitsGrowth(claim)) await growMounted(this.#context, result, signal);
    return undefined;
  }

  /** Of what is mounted at the start, and no Mount is there for. A new one of that name takes it over, or takes it off. */
  #forget(): void {
    const { api, ledger, log } = this.#context;
    for (const { uid, namespace, name, volume, target } of ledger.all()) {
      if (api.informer(mounts).get({ namespace, name })?.metadata.uid === uid) continue;
      this.#forgotten.add(uid);
      const fields = { mount: keyOf({ namespace, name }), volume, path: target };
      log.warn(fields, 'its Mount may have been lost with the store, so it stays mounted');
    }
  }

  /** The agent of another node mounts it; if there is no such node, nobody will. */
  async #leaveToOthers(mount: Mount, where: string): Promise<Result | undefined> {
    const { api, node } = this.#context;
    if (isDeleting(mount) || api.informer(nodes).get({ name: where })) return undefined;
    const message = `there is no node "${where}"; this one is "${node}"`;
    await reportMount(api, mount, where, { phase: 'Failed', reason: 'NodeNotFound', message });
    return undefined;
  }

  async #letGo(mount: Mount, signal: AbortSignal): Promise<Result | undefined> {
    const { api, node, ledger } = this.#context;
    const uid = mount.metadata.uid ?? '';
    const record = ledger.of(uid);
    try {
      if (record) await takeOff(this.#context, record, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const message = describeFailure(error);
      const reason = isCode(error, 'busy') ? 'Busy' : 'UnmountFailed';
      await reportMount(api, mount, node, { phase: 'Unmounting', reason, message });
      const pause = this.#pauses.get(uid) ?? firstPause;
      this.#pauses.set(uid, Math.min(pause * 2, longestPause));
      return { again: pause };
    }
    this.#pauses.delete(uid);
    const newest = api.informer(mounts).get(refTo(mount));
    if (newest?.metadata.uid === uid && hasFinalizer(newest, mountFinalizer)) {
      await ensureNoFinalizer(api, mounts, newest, mountFinalizer);
    }
    if (record) this.#onReleased(record.volume);
    return undefined;
  }
}

function claimKey({ metadata, spec }: Mount): string {
  return keyOf({ namespace: metadata.namespace, name: spec.claim });
}
