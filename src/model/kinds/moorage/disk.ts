import * as z from 'zod';
import { objectMeta } from '../../object.ts';
import { quantity } from '../../quantity.ts';
import { column, defineKind } from '../define.ts';
import { conditions } from '../shared.ts';
import { apiVersion, ours } from './shared.ts';

const schema = z.object({
  apiVersion,
  kind: z.literal('Disk'),
  metadata: objectMeta,
  spec: z.object({
    cluster: z.string().optional().describe('The StorageCluster that may take it.'),
    reserved: z.boolean().default(false).describe('Nobody may take it.'),
    wipe: z
      .string()
      .optional()
      .describe('The stable id once more: destroys what is on the disk, once. Nothing else does.'),
  }),
  status: z
    .object({
      node: z.string().optional(),
      id: z.string().optional().describe('What names it whatever its place: WWN or serial number.'),
      path: z.string().optional(),
      size: quantity.optional(),
      model: z.string().optional(),
      serial: z.string().optional(),
      rotational: z.boolean().optional(),
      content: z.string().optional().describe('What is on it: a file system, a partition table, nothing.'),
      health: z.enum(['Good', 'Warning', 'Failing', 'Unknown']).optional(),
      state: z.enum(['Unused', 'InUse', 'Reserved', 'Foreign', 'Missing']).optional(),
      unusedBecause: z.string().optional().describe('Why Moorage does not use it, and what to do about it.'),
      conditions,
    })
    .optional(),
});
export type Disk = z.infer<typeof schema>;

/** Disk: one disk of one machine, used or not, and why not. */
export const disks = defineKind<Disk>({
  ...ours,
  kind: 'Disk',
  plural: 'disks',
  description: 'One disk of one machine: what it is, what is on it, and why it is or is not used.',
  schema: schema as unknown as z.ZodType<Disk>,
  columns: [
    column('Node', 'The machine.', (it) => it.status?.node ?? '', { path: '.status.node' }),
    column('Path', 'Its device.', (it) => it.status?.path ?? '', { path: '.status.path' }),
    column('Size', 'Its size.', (it) => it.status?.size ?? '', { path: '.status.size' }),
    column('State', 'Whether it is used.', (it) => it.status?.state ?? '', { path: '.status.state' }),
    column('Content', 'What is on it.', (it) => it.status?.content ?? '', { path: '.status.content' }),
    column('Why', 'Why it is not used.', (it) => it.status?.unusedBecause ?? '', {
      wide: true,
      path: '.status.unusedBecause',
    }),
  ],
});
