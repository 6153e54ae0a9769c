import { join } from 'node:path';
import * as z from 'zod';
import { keyOf } from '../../model/object.ts';
import { Records } from '../../node/records.ts';

const recordSchema = z.object({
  /** The Mount. */
  uid: z.string(),
  namespace: z.string(),
  name: z.string(),
  /** The PersistentVolume. */
  volume: z.string(),
  source: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('csi'),
      driver: z.string(),
      handle: z.string(),
      /** Where it was staged; absent for drivers that do not stage. */
      staging: z.string().optional(),
    }),
    z.object({ kind: z.literal('bind'), path: z.string() }),
  ]),
  target: z.string(),
  /** What was at the target before: it is so again when the Mount goes. */
  targetWas: z.enum(['nothing', 'directory', 'file']),
});

/** What was mounted for a Mount on this node, or is about to be: all that is needed to take it off again. */
export type MountRecord = z.infer<typeof recordSchema>;

/** The records of all Mounts on this node: on disk, and in memory for looking up. */
export interface MountLedger {
  /** Makes the record known to look-ups, and to them only: it takes the path and the volume before anything is done. */
  reserve(record: MountRecord): void;
  /** Durable when it returns. */
  save(record: MountRecord): Promise<void>;
  /** Durable when it returns; takes a reservation back, too. */
  remove(record: MountRecord): Promise<void>;
  of(uid: string): MountRecord | undefined;
  /** Records of Mounts of that namespace and name, whatever their uid. */
  named(namespace: string, name: string): readonly MountRecord[];
  /** Records of a PersistentVolume. */
  ofVolume(volume: string): readonly MountRecord[];
  all(): readonly MountRecord[];
}

/** Reads what earlier runs have left. Throws `corrupted` for a record that can't be understood. */
export async function openMountLedger(dataDir: string): Promise<MountLedger> {
  const files = new Records(join(dataDir, 'node', 'mounts'), (value) => recordSchema.parse(value));
  const records = new Map<string, MountRecord>();
  const byName = new Groups();
  const byVolume = new Groups();
  const put = (record: MountRecord) => {
    records.set(record.uid, record);
    byName.put(keyOf(record), record);
    byVolume.put(record.volume, record);
  };
  const drop = (record: MountRecord) => {
    records.delete(record.uid);
    byName.drop(keyOf(record), record);
    byVolume.drop(record.volume, record);
  };
  for (const name of await files.names()) {
    const record = await files.load(name);
    if (record) put(record);
  }
  return {
    reserve: put,
    save: async (record) => {
      await files.save(record.uid, record);
      put(record);
    },
    remove: async (record) => {
      await files.remove(record.uid);
      drop(record);
    },
    of: (uid) => records.get(uid),
    named: (namespace, name) => byName.get(keyOf({ namespace, name })),
    ofVolume: (volume) => byVolume.get(volume),
    all: () => [...records.values()],
  };
}

/** Records by something that several may share. */
class Groups {
  readonly #groups = new Map<string, Map<string, MountRecord>>();

  get(key: string): readonly MountRecord[] {
    return [...(this.#groups.get(key)?.values() ?? [])];
  }

  put(key: string, record: MountRecord): void {
    const group = this.#groups.get(key) ?? new Map<string, MountRecord>();
    this.#groups.set(key, group.set(record.uid, record));
  }

  drop(key: string, record: MountRecord): void {
    const group = this.#groups.get(key);
    group?.delete(record.uid);
    if (group?.size === 0) this.#groups.delete(key);
  }
}
