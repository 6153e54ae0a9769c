import * as z from 'zod';
import { immutable, invalid } from '../../field-errors.ts';
import { objectMeta } from '../../object.ts';
import { quantity } from '../../quantity.ts';
import { column, defineKind } from '../define.ts';
import { conditions, labelSelector, labelSelectorErrors } from '../shared.ts';
import { apiVersion, ours } from './shared.ts';

const schema = z.object({
  apiVersion,
  kind: z.literal('StorageCluster'),
  metadata: objectMeta,
  spec: z.object({
    engine: z.enum(['local', 'mirror', 'ceph', 'gluster', 'nfs']).describe('What keeps the data.'),
    nodes: z
      .object({
        names: z.array(z.string()).optional().describe('These nodes.'),
        selector: labelSelector.optional().describe('Nodes with these labels.'),
      })
      .optional()
      .describe('The machines that it runs on; default: all.'),
    disks: z
      .object({
        allUnused: z.boolean().optional().describe('Every disk on which nothing is found.'),
        ids: z.array(z.string()).optional().describe('These disks, by stable id.'),
      })
      .optional()
      .describe('The disks that it may take; default: none.'),
    failureDomain: z
      .string()
      .default('kubernetes.io/hostname')
      .describe('The node label whose values fail together. Replicas go to different ones.'),
    replicas: z.number().int().min(1).max(10).default(1).describe('Copies of a volume that says nothing itself.'),
    settings: z.record(z.string(), z.unknown()).optional().describe("The engine's own settings."),
  }),
  status: z
    .object({
      phase: z.enum(['Pending', 'Deploying', 'Ready', 'Degraded', 'Failed', 'Deleting']).optional(),
      version: z.string().optional().describe('Version of the engine.'),
      members: z
        .array(
          z.object({
            node: z.string(),
            role: z.string().optional(),
            ready: z.boolean(),
            message: z.string().optional(),
          }),
        )
        .optional(),
      daemons: z
        .array(z.object({ name: z.string(), node: z.string(), ready: z.boolean(), message: z.string().optional() }))
        .optional(),
      capacity: z
        .object({ total: quantity.optional(), allocated: quantity.optional(), used: quantity.optional() })
        .optional(),
      conditions,
    })
    .optional(),
});
export type StorageCluster = z.infer<typeof schema>;

/** StorageCluster: one engine over the disks of one or of many machines. */
export const storageClusters = defineKind<StorageCluster>({
  ...ours,
  kind: 'StorageCluster',
  plural: 'storageclusters',
  description: 'One storage engine over the disks of one or of many machines.',
  schema: schema as unknown as z.ZodType<StorageCluster>,
  validate: ({ spec }, old) => [
    ...labelSelectorErrors('spec.nodes.selector', spec.nodes?.selector),
    ...(spec.disks?.allUnused && spec.disks.ids?.length
      ? [invalid('spec.disks', spec.disks, 'name all unused disks or single ones, not both')]
      : []),
    ...(old ? immutable('spec.engine', spec.engine, old.spec.engine) : []),
  ],
  columns: [
    column('Engine', 'What keeps the data.', (it) => it.spec.engine, { path: '.spec.engine' }),
    column('Phase', 'Whether it can be used.', (it) => it.status?.phase ?? 'Pending', { path: '.status.phase' }),
    column('Total', 'Capacity.', (it) => it.status?.capacity?.total ?? '', { path: '.status.capacity.total' }),
    column('Used', 'Bytes on disk.', (it) => it.status?.capacity?.used ?? '', { path: '.status.capacity.used' }),
    column('Version', 'Version of the engine.', (it) => it.status?.version ?? '', {
      wide: true,
      path: '.status.version',
    }),
  ],
});
