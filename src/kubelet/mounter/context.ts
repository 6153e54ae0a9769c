import type { MachineContext } from '../../api/context.ts';
import type { KeyedLock } from '../../lib/keyed-lock.ts';
import type { Meter } from '../../lib/meter.ts';
import type { CsiNode } from '../publish/csi-volume.ts';
import type { MountLedger } from './mount-ledger.ts';

/** What the parts of the mounter share. */
export interface MounterContext extends MachineContext {
  readonly csi: CsiNode;
  readonly ledger: MountLedger;
  /** One at a time per PersistentVolume. */
  readonly lock: KeyedLock;
  /** Volumes that this process has staged, by staging path: asking once more would only cost time. */
  readonly staged: Set<string>;
  /** Mounts that wait for an attachment, by uid, and since when, by performance.now(). */
  readonly attaching: Map<string, number>;
  /** Mounts that this process has published, by uid. */
  readonly published: Set<string>;
}

/** Runs one step of a claim's way, and tells the meter how long it took and how it ended. */
export async function measured<T>(meter: Meter, step: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  let code = 'error';
  try {
    const result = await work();
    code = 'ok';
    return result;
  } finally {
    meter.observe('step', { step, code }, (performance.now() - started) / 1000);
  }
}
