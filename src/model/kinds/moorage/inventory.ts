import * as z from 'zod';
import { immutable } from '../../field-errors.ts';
import { objectMeta } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { conditions } from '../shared.ts';
import { apiVersion, ours } from './shared.ts';

/** One thing in which objects, engine and disk do not agree. */
export const difference = z.object({
  kind: z
    .enum(['Leak', 'Loss', 'Mismatch', 'Foreign', 'Unclaimed'])
    .describe(
      'There without an object; an object without it; there, but different; not made by Moorage; an object that no other stands for, which is no fault.',
    ),
  what: z.string().describe('Volume, Snapshot, LoopDevice, Mount, File …'),
  name: z.string(),
  node: z.string().optional().describe('The node that it was seen on, if several were looked at.'),
  message: z.string().describe('One sentence for people.'),
  action: z.string().optional().describe('What was done about it.'),
});
export type Difference = z.infer<typeof difference>;

const schema = z.object({
  apiVersion,
  kind: z.literal('Inventory'),
  metadata: objectMeta,
  spec: z
    .object({
      node: z.string().optional().describe('The node to look at; default: all.'),
      clean: z
        .boolean()
        .optional()
        .describe("Remove what carries Moorage's mark and what no object has claimed for the grace period."),
      graceSeconds: z.number().int().min(0).optional().describe('The grace period. Default 3600.'),
    })
    .default({}),
  status: z
    .object({
      phase: z.enum(['Pending', 'Running', 'Completed', 'Failed']).optional(),
      differences: z.array(difference).optional(),
      completionTime: z.string().optional(),
      conditions,
    })
    .optional(),
});
export type Inventory = z.infer<typeof schema>;

/** Inventory: one comparison of what the objects say, what the engine keeps and what is on disk. */
export const inventories = defineKind<Inventory>({
  ...ours,
  kind: 'Inventory',
  plural: 'inventories',
  description: 'One comparison of the objects, the engine and the disks, naming each difference.',
  schema: schema as unknown as z.ZodType<Inventory>,
  validate: ({ spec }, old) => (old ? immutable('spec', spec, old.spec) : []),
  columns: [
    column('Phase', 'Whether it is done.', (it) => it.status?.phase ?? 'Pending', { path: '.status.phase' }),
    column('Differences', 'How many there are.', (it) => it.status?.differences?.length, { type: 'integer' }),
    column('Completed', 'When it was done.', (it) => it.status?.completionTime, {
      type: 'date',
      path: '.status.completionTime',
    }),
  ],
});
