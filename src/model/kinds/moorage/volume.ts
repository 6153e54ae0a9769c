import * as z from 'zod';
import { immutable, invalid } from '../../field-errors.ts';
import { whyNotMkfsOptions } from '../../filesystems/mkfs.ts';
import type { FieldError } from '../../kind.ts';
import { objectMeta, stringMap } from '../../object.ts';
import { quantity } from '../../quantity.ts';
import { column, defineKind } from '../define.ts';
import { conditions, referenceNameErrors } from '../shared.ts';
import { checkedBy, decidedRule, fixedRule, largestRule, noShrinkErrors, noShrinkRule, sizeErrors } from './rules.ts';
import { apiVersion, failure, ours, placement, refusal } from './shared.ts';

const attachment = z.object({
  node: z.string(),
  mode: z.enum(['ReadWrite', 'ReadOnly']),
  address: z.string().optional().describe('The client address that a fence would cut off.'),
  since: z.string(),
});

/** What can't be changed. */
const fixed = ['mode', 'fsType', 'mkfsOptions', 'provisioning', 'source', 'request'] as const;

const placed = 'has(oldSelf.status) && has(oldSelf.status.placement)';
/** What only says where a volume may go, and so is over once it is somewhere. */
const wishes = ['poolSelector', 'nodes', 'preferredNodes'] as const;

const volumeObject = z.object({
  apiVersion,
  kind: z.literal('Volume'),
  metadata: objectMeta,
  spec: z
    .object({
      pool: z.string().optional().describe('The pool to use; default: any that fits.'),
      poolSelector: z
        .string()
        .optional()
        .describe('Labels of the pools that may hold it, where it names none, as kubectl writes them: disk=nvme.'),
      size: quantity.describe('Bytes that it promises. May grow, never shrink.'),
      mode: z.enum(['Filesystem', 'Block']).default('Filesystem'),
      fsType: z.enum(['ext4', 'xfs']).optional().describe('File system that is made at first use. Default ext4.'),
      mkfsOptions: z
        .array(z.string())
        .optional()
        .describe('Options for mkfs, of those that are allowed for the file system.'),
      provisioning: z.enum(['thin', 'thick']).default('thin'),
      source: z
        .object({ kind: z.enum(['Snapshot', 'Volume']), name: z.string() })
        .optional()
        .describe('What it starts as a copy of.'),
      nodes: z.array(z.string()).optional().describe('Nodes that may hold it; default: all.'),
      preferredNodes: z.array(z.string()).optional().describe('Nodes to try first.'),
      request: stringMap
        .optional()
        .describe('The CSI request that it was made for, to tell a retry from another request of the same name.'),
    })
    .meta(checkedBy(noShrinkRule('size'), largestRule('size'), ...fixed.map(fixedRule))),
  status: z
    .object({
      phase: z.enum(['Pending', 'Creating', 'Ready', 'Failed', 'Deleting']).optional(),
      size: quantity.optional().describe('Bytes that it has.'),
      placement: placement.optional(),
      attachments: z.array(attachment).optional(),
      refusals: z.array(refusal).optional().describe('Why it is nowhere yet.'),
      error: failure.optional().describe('What made it fail for good; only of one that is Failed.'),
      conditions,
    })
    .optional(),
});
const volumeSchema = volumeObject.meta(
  checkedBy(
    decidedRule('pool', { decided: placed, as: 'oldSelf.status.placement.pool', open: '!has(oldSelf.spec.pool)' }),
    ...wishes.map((field) => decidedRule(field, { decided: placed, open: 'true' })),
  ),
);
export type Volume = z.infer<typeof volumeObject>;

/** Volume: one volume of Moorage, whatever claims it. */
export const volumes = defineKind<Volume>({
  ...ours,
  kind: 'Volume',
  plural: 'volumes',
  shortNames: ['vol'],
  description: 'One volume: how large, where its bytes are, and who has it.',
  schema: volumeSchema as unknown as z.ZodType<Volume>,
  validate: ({ spec }, old) => [
    ...sizeErrors('spec.size', spec.size),
    ...referenceNameErrors('spec.pool', spec.pool),
    ...(old ? updateErrors(spec, old) : mkfsErrors(spec)),
  ],
  columns: [
    column(
      'Phase',
      'Where it is in its life.',
      (it) => (it.metadata.deletionTimestamp ? 'Deleting' : (it.status?.phase ?? 'Pending')),
      { path: '.status.phase' },
    ),
    column('Size', 'Bytes that it promises.', (it) => it.status?.size ?? it.spec.size, { path: '.spec.size' }),
    column('Pool', 'Where it was carved from.', (it) => it.status?.placement?.pool ?? '', {
      path: '.status.placement.pool',
    }),
    column('Node', 'Where its bytes are.', (it) => it.status?.placement?.node ?? '', {
      path: '.status.placement.node',
    }),
    column(
      'Attached',
      'Nodes that have it.',
      (it) => (it.status?.attachments ?? []).map(({ node }) => node).join(','),
      { path: '.status.attachments[*].node' },
    ),
  ],
});

type Spec = Volume['spec'];

/** What is wrong with the options for mkfs. Only of a new one: an older one keeps what it was made with. */
function mkfsErrors({ fsType = 'ext4', mkfsOptions = [] }: Spec): FieldError[] {
  const why = whyNotMkfsOptions(fsType, mkfsOptions);
  return why === undefined ? [] : [invalid('spec.mkfsOptions', mkfsOptions.join(' '), why)];
}

/** Only the size may change, and only upwards; a pool that was left open may be named once, and none other once placed. */
function updateErrors(spec: Spec, { spec: old, status }: Volume): FieldError[] {
  const home = status?.placement?.pool;
  return [
    ...noShrinkErrors('spec.size', spec.size, old.size),
    ...(old.pool === undefined && home === undefined ? [] : immutable('spec.pool', spec.pool, old.pool)).filter(
      () => home === undefined || spec.pool !== home,
    ),
    ...fixed.flatMap((field) => immutable(`spec.${field}`, spec[field], old[field])),
    ...(home === undefined ? [] : wishes.flatMap((field) => immutable(`spec.${field}`, spec[field], old[field]))),
  ];
}
