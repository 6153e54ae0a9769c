import * as z from 'zod';
import { immutable, invalid, required } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { objectMeta } from '../../object.ts';
import { quantity } from '../../quantity.ts';
import { column, defineKind } from '../define.ts';
import { conditions } from '../shared.ts';
import {
  absolutePathErrors,
  checkedBy,
  decidedRule,
  keptRule,
  largestRule,
  noShrinkErrors,
  noShrinkRule,
  sizeErrors,
} from './rules.ts';
import { apiVersion, ours } from './shared.ts';

const wipeRule = {
  rule: '!has(self.wipe) || (has(self.path) && self.wipe == self.path)',
  message: 'wipe must name the disk exactly as path does',
};

const first = 'oldSelf.status.nodes[0]';
/** Whether an agent has opened the pool, as CEL writes it. */
const decided = `has(oldSelf.status) && has(oldSelf.status.nodes) && oldSelf.status.nodes.size() > 0 && has(${first}.backend)`;

const features = z.object({
  block: z.boolean().describe('Raw block volumes.'),
  fsTypes: z.array(z.string()).describe('File systems that can be made; none where volumes are directories.'),
  sizeEnforced: z.boolean().describe("Whether a volume can't grow beyond its size."),
  snapshots: z.boolean(),
  clones: z.boolean(),
  onlineGrowth: z.boolean().describe('Growth while it is mounted.'),
  sharedWriters: z.boolean().describe('Several nodes may write at once.'),
  unit: quantity.describe('Every size is a multiple of it.'),
});

const poolObject = z.object({
  apiVersion,
  kind: z.literal('Pool'),
  metadata: objectMeta,
  spec: z
    .object({
      engine: z
        .string()
        .default('local')
        .describe(
          'What keeps the data: local, or quota, where each volume is a directory on a btrfs that has its size kept.',
        ),
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
      wipe: z
        .string()
        .optional()
        .describe(
          'The disk in path, once more by name, if all that it holds may go: without it, only a blank disk is taken. Counts once, for the disk that the pool is made on, and never for one that is put in its place.',
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
        .max(1000)
        .default(1)
        .describe('How many times its capacity may be promised to thin volumes.'),
      reserve: quantity.optional().describe('Bytes that are never promised. Default: 5 % of the capacity.'),
    })
    .meta(checkedBy(noShrinkRule('size'), largestRule('size'), keptRule('engine'), wipeRule)),
  status: z
    .object({
      phase: z.enum(['Pending', 'Ready', 'Degraded', 'Failed']).optional(),
      features: features.optional().describe('What its volumes can do.'),
      nodes: z
        .array(
          z.object({
            node: z.string(),
            backend: z.string().optional().describe("How volumes are kept, in the engine's own word."),
            why: z.string().optional().describe('Why that backend.'),
            path: z.string().optional(),
            wiped: z
              .string()
              .optional()
              .describe(
                'The disk that was wiped for it, since spec.wipe allowed that: serial number or file, and size.',
              ),
            total: quantity.optional(),
            used: quantity.optional(),
            free: quantity.optional().describe('Can still be written.'),
            shared: quantity
              .optional()
              .describe('Promised by other pools on the same file system, and not used yet: it is not promised again.'),
            allocated: quantity.optional().describe('Promised to volumes, and held by snapshots.'),
            available: quantity.optional().describe('Can still be promised.'),
          }),
        )
        .optional(),
      conditions,
    })
    .optional(),
});
const poolSchema = poolObject.meta(
  checkedBy(
    decidedRule('path', {
      decided: `${decided} && has(${first}.path)`,
      as: `${first}.path`,
      open: '!has(oldSelf.spec.path)',
    }),
    decidedRule('node', { decided, as: `${first}.node`, open: '!has(oldSelf.spec.node)' }),
    decidedRule('backend', { decided, as: `${first}.backend`, open: "oldSelf.spec.backend == 'auto'" }),
  ),
);
export type Pool = z.infer<typeof poolObject>;

/** Pool: a place that volumes are carved from. */
export const pools = defineKind<Pool>({
  ...ours,
  kind: 'Pool',
  plural: 'pools',
  description: 'A place that volumes are carved from.',
  schema: poolSchema as unknown as z.ZodType<Pool>,
  validate: ({ spec }, old) => [...specErrors(spec), ...(old ? updateErrors(spec, old) : [])],
  columns: [
    column('Phase', 'Whether it can be used.', (it) => it.status?.phase ?? 'Pending', { path: '.status.phase' }),
    column('Node', 'Where it is.', (it) => it.spec.node ?? it.status?.nodes?.[0]?.node ?? '', { path: '.spec.node' }),
    column('Engine', 'What keeps the data.', (it) => it.spec.engine, { wide: true, path: '.spec.engine' }),
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
    ...(spec.size === undefined ? [] : sizeErrors('spec.size', spec.size)),
    ...(spec.wipe === undefined || spec.wipe === spec.path
      ? []
      : [invalid('spec.wipe', spec.wipe, 'must name the disk exactly as spec.path does')]),
    ...(spec.reserve?.startsWith('-') ? [invalid('spec.reserve', spec.reserve, 'must not be below zero')] : []),
    ...(spec.backend === 'directory' && spec.preallocate
      ? [invalid('spec.preallocate', true, 'directories have no image whose space could be taken; leave it out')]
      : []),
  ];
}

/**
 * What says where the data is can't change under it. What was left open may be settled once, and not otherwise than the
 * agent that opened the pool has settled it.
 */
function updateErrors(spec: Spec, { spec: old, status }: Pool): FieldError[] {
  const opened = status?.nodes?.find(({ backend }) => backend !== undefined);
  const kept = (field: 'path' | 'node' | 'backend', open: boolean): FieldError[] => {
    if (spec[field] === old[field] || (opened && spec[field] === opened[field])) return [];
    if (!opened) return open ? [] : immutable(`spec.${field}`, spec[field], old[field]);
    const is = `field is immutable: the pool was made with ${opened[field]}`;
    return [invalid(`spec.${field}`, spec[field] ?? null, is)];
  };
  return [
    ...immutable('spec.engine', spec.engine, old.engine),
    ...kept('backend', old.backend === 'auto'),
    ...kept('path', old.path === undefined),
    ...kept('node', old.node === undefined),
    ...(old.size !== undefined && spec.size === undefined ? [required('spec.size', 'it may grow, not go')] : []),
    ...noShrinkErrors('spec.size', spec.size, old.size),
  ];
}
