import * as z from 'zod';
import { immutable } from '../../field-errors.ts';
import { objectMeta } from '../../object.ts';
import { quantity } from '../../quantity.ts';
import { column, defineKind } from '../define.ts';
import { conditions } from '../shared.ts';
import { noShrinkErrors } from './rules.ts';
import { apiVersion, ours } from './shared.ts';

const schema = z.object({
  apiVersion,
  kind: z.literal('Replica'),
  metadata: objectMeta,
  spec: z.object({
    volume: z.string().describe('The Volume that it is a part of.'),
    node: z.string(),
    pool: z.string(),
    size: quantity,
  }),
  status: z
    .object({
      state: z.enum(['Creating', 'UpToDate', 'Syncing', 'Outdated', 'Failed']).optional(),
      progress: z.number().min(0).max(100).optional().describe('Per cent, while it is syncing.'),
      device: z.string().optional(),
      conditions,
    })
    .optional(),
});
export type Replica = z.infer<typeof schema>;

/** Replica: the part of a Volume on one node. */
export const replicas = defineKind<Replica>({
  ...ours,
  kind: 'Replica',
  plural: 'replicas',
  description: 'The part of a volume on one node.',
  schema: schema as unknown as z.ZodType<Replica>,
  validate: ({ spec }, old) => [
    ...noShrinkErrors('spec.size', spec.size, old?.spec.size),
    ...(['volume', 'node', 'pool'] as const).flatMap((field) =>
      old ? immutable(`spec.${field}`, spec[field], old.spec[field]) : [],
    ),
  ],
  columns: [
    column('Volume', 'The volume.', (it) => it.spec.volume, { path: '.spec.volume' }),
    column('Node', 'The node.', (it) => it.spec.node, { path: '.spec.node' }),
    column('Pool', 'The pool.', (it) => it.spec.pool, { path: '.spec.pool' }),
    column('Size', 'Its size.', (it) => it.spec.size, { path: '.spec.size' }),
    column(
      'State',
      'Whether it is up to date.',
      ({ status }) => (status?.state === 'Syncing' ? `Syncing ${status.progress ?? 0} %` : (status?.state ?? '')),
      { path: '.status.state' },
    ),
  ],
});
