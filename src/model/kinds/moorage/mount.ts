import * as z from 'zod';
import { immutable, required } from '../../field-errors.ts';
import { objectMeta } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { conditions, referenceNameErrors } from '../shared.ts';
import { absolutePathErrors } from './rules.ts';
import { apiVersion, ours } from './shared.ts';

const mountSchema = z.object({
  apiVersion,
  kind: z.literal('Mount'),
  metadata: objectMeta,
  spec: z.object({
    claim: z.string().describe('The claim, in the same namespace.'),
    path: z
      .string()
      .describe(
        'Absolute path where the volume appears: a directory, or for raw block a file. It must not exist, or be empty.',
      ),
    node: z.string().optional().describe('The node; default: where the data is, or any.'),
    readOnly: z.boolean().default(false),
    owner: z
      .object({
        lockFile: z
          .string()
          .describe('A file that the owner holds a lock (flock) on. When nobody holds it any more, the Mount goes.'),
        description: z.string().optional().describe('Who that is, for people.'),
      })
      .optional()
      .describe('The program that the Mount lives and dies with.'),
  }),
  status: z
    .object({
      phase: z.enum(['Pending', 'Mounting', 'Mounted', 'Failed', 'Unmounting']).optional(),
      node: z.string().optional(),
      volume: z.string().optional().describe('The PersistentVolume.'),
      conditions,
    })
    .optional(),
});
export type Mount = z.infer<typeof mountSchema>;

/** Mount: a claim's volume at a path of a node; what a Pod is to a volume in Kubernetes. */
export const mounts = defineKind<Mount>({
  ...ours,
  kind: 'Mount',
  plural: 'mounts',
  namespaced: true,
  description: "The wish to have a claim's volume at a path.",
  schema: mountSchema as unknown as z.ZodType<Mount>,
  validate: ({ spec }, old) => [
    ...(spec.claim ? referenceNameErrors('spec.claim', spec.claim) : [required('spec.claim')]),
    ...absolutePathErrors('spec.path', spec.path),
    ...(spec.owner ? absolutePathErrors('spec.owner.lockFile', spec.owner.lockFile) : []),
    ...(old ? immutable('spec', spec, old.spec) : []),
  ],
  columns: [
    column(
      'Phase',
      'Whether it is mounted.',
      (it) => (it.metadata.deletionTimestamp ? 'Unmounting' : (it.status?.phase ?? 'Pending')),
      { path: '.status.phase' },
    ),
    column('Claim', 'The claim.', (it) => it.spec.claim, { path: '.spec.claim' }),
    column('Path', 'Where it appears.', (it) => it.spec.path, { path: '.spec.path' }),
    column('Node', 'The node.', (it) => it.status?.node ?? it.spec.node ?? '', { path: '.status.node' }),
  ],
});
