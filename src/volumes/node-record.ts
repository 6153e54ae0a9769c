import { join } from 'node:path';
import * as z from 'zod';
import { Records } from '../node/records.ts';

const recordSchema = z.object({
  version: z.literal(1),
  volume: z.string(),
  pool: z.string(),
  staging: z.string(),
  mode: z.enum(['Filesystem', 'Block']),
  readOnly: z.boolean(),
  /** Only one target path at a time. */
  singleWriter: z.boolean(),
  published: z.array(
    z.object({ target: z.string(), readOnly: z.boolean(), how: z.enum(['bind', 'device', 'symlink']) }),
  ),
  /** For a volume that lives and dies with a pod: what the kubelet calls it, and where it is wanted. */
  inline: z.object({ volumeId: z.string(), target: z.string() }).optional(),
});

/**
 * What this node was asked to do with a volume, written before it is done: a record may name what was never made, but
 * nothing is made that no record names.
 */
export type NodeRecord = Readonly<z.infer<typeof recordSchema>>;
export type Published = NodeRecord['published'][number];

/** The records of this node's volumes, one file for each in `node/` of the data directory. */
export function openNodeRecords(dataDir: string): Records<NodeRecord> {
  return new Records(join(dataDir, 'node'), (value) => recordSchema.parse(value));
}
