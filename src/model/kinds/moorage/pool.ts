import * as z from 'zod';
import { immutable, invalid, required } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { objectMeta } from '../../object.ts';
import { quantity } from '../../quantity.ts';
import { column, defineKind } from '../define.ts';
import { conditions, positiveErrors } from '../shared.ts';
import { absolutePathErrors, checkedBy, keptRule, noShrinkErrors, noShrinkRule } from './rules.ts';
import { apiVersion, ours } from './shared.ts';

const poolSchema = z.object({
  apiVersion,
  kind: z.literal('Pool'),
  metadata: objectMeta,
  spec: z
    .object({
      cluster: z.string().optional().describe('The StorageCluster that it belongs to.'),
      engine: z.enum(['local']).default('local').describe('What keeps the data.'),
      backend: z
        .enum(['auto', 'image', 'directory'])
        .default('auto')
        .describe(
          'How volumes are carved: files behind loop devices, or directories. auto probes the machine and says why.',
        ),
      node: z
        .string()
        .optional()
        .describe('The node that it is on. Default on one machine: this one; in a cluster it has to be named.'),
      path: z
        .string()
        .optional()
        .describe(
          'An absolute directory, or an unused disk, that holds the data. Default: pools/NAME under the data directory.',
        ),
      size: quantity
        .optional()
        .describe(
          'Size of the XFS image that Moorage makes where the file system has no reflink. May grow, never shrink. Default: 80 % of what is free there.',
        ),
      preallocate: z
        .boolean()
        .default(false)
        .describe('Take the space of that image at once, so that nothing else on the disk can fill it.'),
      overProvisioning: z
        .number()
        .positive()
        .default(1)
        .describe('How many times its capacity may be promised to thin volumes.'),
      reserve: quantity.optional().describe('Bytes that are never promised. Default: 5 % of the capacity.'),
    })
    .meta(
      checkedBy(noShrinkRule('size'), keptRule('path'), keptRule('node'), keptRule('engine'), {
        rule: "oldSelf.backend == 'auto' || self.backend == oldSelf.backend",
        message: "backend can't be changed once it is decided",
      }),
    ),
  status: z
    .object({
      phase: z.enum(['Pending', 'Ready', 'Degraded', 'Failed']).optional(),
      nodes: z
        .array(
          z.object({
            node: z.string(),
            backend: z.enum(['image', 'directory']).optional(),
            why: z.string().optional().describe('Why that backend.'),
            path: z.string().optional(),
            total: quantity.optional(),
            used: quantity.optional(),
            free: quantity.optional().describe('Can still be written.'),
            allocated: quantity.optional().describe('Promised to volumes, and held by snapshots.'),
            available: quantity.optional().describe('Can still be promised.'),
          }),
        )
        .optional(),
      conditions,
    })
    .optional(),
});
export type Pool = z.infer<typeof poolSchema>;

/** Pool: a place that volumes are carved from. */
export const pools = defineKind<Pool>({
  ...ours,
  kind: 'Pool',
  plural: 'pools',
  description: 'A place that volumes are carved from.',
  schema: poolSchema as unknown as z.ZodType<Pool>,
  validate: ({ spec }, old) => [...specErrors(spec), ...(old ? updateErrors(spec, old.spec) : [])],
  columns: [
    column('Phase', 'Whether it can be used.', (it) => it.status?.phase ?? 'Pending', { path: '.status.phase' }),
    column('Node', 'Where it is.', (it) => it.spec.node ?? '', { path: '.spec.node' }),
    column('Backend', 'How volumes are carved.', (it) => it.status?.nodes?.[0]?.backend ?? it.spec.backend, {
      path: '.status.nodes[0].backend',
    }),
    column('Total', 'Capacity.', (it) => it.status?.nodes?.[0]?.total ?? '', { path: '.status.nodes[0].total' }),
    column('Used', 'Bytes on disk.', (it) => it.status?.nodes?.[0]?.used ?? '', { path: '.status.nodes[0].used' }),
    column('Allocated', 'Bytes promised.', (it) => it.status?.nodes?.[0]?.allocated ?? '', {
      path: '.status.nodes[0].allocated',
    }),
    column('Available', 'Bytes that can still be promised.', (it) => it.status?.nodes?.[0]?.available ?? '', {
      path: '.status.nodes[0].available',
    }),
    column('Path', 'Where it is.', (it) => it.status?.nodes?.[0]?.path ?? it.spec.path ?? '', {
      wide: true,
      path: '.status.nodes[0].path',
    }),
  ],
});

type Spec = Pool['spec'];

function specErrors(spec: Spec): FieldError[] {
  return [
    ...(spec.path === undefined ? [] : absolutePathErrors('spec.path', spec.path)),
    ...(spec.size === undefined ? [] : positiveErrors('spec.size', spec.size)),
    ...(spec.reserve?.startsWith('-') ? [invalid('spec.reserve', spec.reserve, 'must not be below zero')] : []),
    ...(spec.backend === 'directory' && spec.preallocate
      ? [invalid('spec.preallocate', true, 'directories have no image whose space could be taken; leave it out')]
      : []),
  ];
}

/** What says where the data is can't change under it. What was left open may be settled once. */
function updateErrors(spec: Spec, old: Spec): FieldError[] {
  return [
    ...immutable('spec.engine', spec.engine, old.engine),
    ...(old.backend === 'auto' ? [] : immutable('spec.backend', spec.backend, old.backend)),
    ...(old.path === undefined ? [] : immutable('spec.path', spec.path, old.path)),
    ...(old.node === undefined ? [] : immutable('spec.node', spec.node, old.node)),
    ...(old.size !== undefined && spec.size === undefined ? [required('spec.size', 'it may grow, not go')] : []),
    ...noShrinkErrors('spec.size', spec.size, old.size),
  ];
}
