import * as z from 'zod';
import { immutable, required } from '../../field-errors.ts';
import { objectMeta } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { conditions } from '../shared.ts';
import { apiVersion, ours } from './shared.ts';

const schema = z.object({
  apiVersion,
  kind: z.literal('Fence'),
  metadata: objectMeta,
  spec: z.object({
    node: z.string().describe('The node that must not write any more.'),
    reason: z.string().optional().describe('Why, for people.'),
  }),
  status: z
    .object({
      phase: z.enum(['Pending', 'Fenced', 'Failed', 'Lifting']).optional(),
      addresses: z
        .array(
          z.object({
            address: z.string().describe('The client address that was cut off.'),
            mechanism: z.string().describe('By which means of which engine.'),
            time: z.string(),
          }),
        )
        .optional(),
      conditions,
    })
    .optional(),
});
export type Fence = z.infer<typeof schema>;

/** Fence: a node that is cut off from all volumes, so that others may take them. Deleting it lets the node back in. */
export const fences = defineKind<Fence>({
  ...ours,
  kind: 'Fence',
  plural: 'fences',
  description: 'A node that is cut off from all volumes until the object is deleted.',
  schema: schema as unknown as z.ZodType<Fence>,
  validate: ({ spec }, old) => [
    ...(spec.node ? [] : [required('spec.node')]),
    ...(old ? immutable('spec.node', spec.node, old.spec.node) : []),
  ],
  columns: [
    column('Node', 'The node.', (it) => it.spec.node, { path: '.spec.node' }),
    column('Phase', 'Whether it is cut off.', (it) => it.status?.phase ?? 'Pending', { path: '.status.phase' }),
    column('Reason', 'Why.', (it) => it.spec.reason ?? '', { path: '.spec.reason' }),
  ],
});
