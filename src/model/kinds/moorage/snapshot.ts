import * as z from 'zod';
import { immutable, required } from '../../field-errors.ts';
import { objectMeta } from '../../object.ts';
import { quantity } from '../../quantity.ts';
import { column, defineKind } from '../define.ts';
import { conditions, referenceNameErrors } from '../shared.ts';
import { checkedBy, sameRule } from './rules.ts';
import { apiVersion, failure, ours, placement } from './shared.ts';

const snapshotSchema = z.object({
  apiVersion,
  kind: z.literal('Snapshot'),
  metadata: objectMeta,
  spec: z.object({ volume: z.string().describe('The Volume that it is a copy of.') }).meta(checkedBy(sameRule)),
  status: z
    .object({
      phase: z.enum(['Pending', 'Ready', 'Failed', 'Deleting']).optional(),
      size: quantity.optional().describe('Least size of a volume made from it.'),
      used: quantity
        .optional()
        .describe('Bytes that it held when it was taken: the most that it can keep from being freed.'),
      creationTime: z.string().optional(),
      placement: placement.optional(),
      error: failure.optional().describe('What made it fail for good; only of one that is Failed.'),
      conditions,
    })
    .optional(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** Snapshot: a Volume's content at one moment. */
export const snapshots = defineKind<Snapshot>({
  ...ours,
  kind: 'Snapshot',
  plural: 'snapshots',
  description: "A volume's content at one moment.",
  schema: snapshotSchema as unknown as z.ZodType<Snapshot>,
  validate: ({ spec }, old) => [
    ...(spec.volume ? referenceNameErrors('spec.volume', spec.volume) : [required('spec.volume')]),
    ...(old ? immutable('spec', spec, old.spec) : []),
  ],
  columns: [
    column(
      'Phase',
      'Where it is in its life.',
      (it) => (it.metadata.deletionTimestamp ? 'Deleting' : (it.status?.phase ?? 'Pending')),
      { path: '.status.phase' },
    ),
    column('Volume', 'The volume.', (it) => it.spec.volume, { path: '.spec.volume' }),
    column('Size', 'Least size of a copy.', (it) => it.status?.size ?? '', { path: '.status.size' }),
  ],
});
