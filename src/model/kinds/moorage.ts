import * as z from 'zod';
import { condition, objectMeta, stringMap } from '../object.ts';
import { quantity } from '../quantity.ts';
import { column, defineKind } from './define.ts';

/** Group of Moorage's own kinds. */
export const group = 'moorage.dev';
const version = 'v1alpha1';
const apiVersion = z.literal('moorage.dev/v1alpha1');
/** The name of Moorage's CSI driver, and so the provisioner in a StorageClass. */
export const driverName = 'csi.moorage.dev';
/** Topology key of a node, as our driver reports it. */
export const topologyKey = 'topology.moorage.dev/node';
const conditions = z.array(condition).optional();

/** Why something could not be placed somewhere. */
export const refusal = z.object({
  pool: z.string().optional(),
  node: z.string().optional(),
  reason: z.string().describe('One word for programs: PoolFull, NodeNotReady, BackendUnsupported …'),
  message: z.string().describe('One sentence for people.'),
});
export type Refusal = z.infer<typeof refusal>;

const poolSchema = z.object({
  apiVersion,
  kind: z.literal('Pool'),
  metadata: objectMeta,
  spec: z.object({
    cluster: z.string().optional().describe('The StorageCluster that it belongs to.'),
    engine: z.enum(['local']).default('local').describe('What keeps the data.'),
    backend: z
      .enum(['auto', 'image', 'directory'])
      .default('auto')
      .describe(
        'How volumes are carved: files behind loop devices, or directories. auto probes the machine and says why.',
      ),
    node: z.string().optional().describe('The node that it is on; default: this one.'),
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
  }),
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
  group,
  version,
  kind: 'Pool',
  plural: 'pools',
  hasStatus: true,
  hasGeneration: true,
  categories: ['moorage'],
  description: 'A place that volumes are carved from.',
  schema: poolSchema as unknown as z.ZodType<Pool>,
  columns: [
    column('Phase', 'Whether it can be used.', (it) => it.status?.phase ?? 'Pending'),
    column('Backend', 'How volumes are carved.', (it) => it.status?.nodes?.[0]?.backend ?? it.spec.backend),
    column('Total', 'Capacity.', (it) => it.status?.nodes?.[0]?.total ?? ''),
    column('Used', 'Bytes on disk.', (it) => it.status?.nodes?.[0]?.used ?? ''),
    column('Allocated', 'Bytes promised.', (it) => it.status?.nodes?.[0]?.allocated ?? ''),
    column('Available', 'Bytes that can still be promised.', (it) => it.status?.nodes?.[0]?.available ?? ''),
    column('Path', 'Where it is.', (it) => it.status?.nodes?.[0]?.path ?? it.spec.path ?? '', { wide: true }),
  ],
});

const attachment = z.object({
  node: z.string(),
  mode: z.enum(['ReadWrite', 'ReadOnly']),
  address: z.string().optional().describe('The client address that a fence would cut off.'),
  since: z.string(),
});

const volumeSchema = z.object({
  apiVersion,
  kind: z.literal('Volume'),
  metadata: objectMeta,
  spec: z.object({
    pool: z.string().optional().describe('The pool to use; default: any that fits.'),
    size: quantity.describe('Bytes that it promises. May grow, never shrink.'),
    mode: z.enum(['Filesystem', 'Block']).default('Filesystem'),
    fsType: z.enum(['ext4', 'xfs']).optional().describe('File system that is made at first use. Default ext4.'),
    mkfsOptions: z.array(z.string()).optional().describe('More arguments for mkfs.'),
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
  }),
  status: z
    .object({
      phase: z.enum(['Pending', 'Creating', 'Ready', 'Failed', 'Deleting']).optional(),
      size: quantity.optional().describe('Bytes that it has.'),
      placement: z.object({ pool: z.string(), node: z.string(), engine: z.string() }).optional(),
      attachments: z.array(attachment).optional(),
      refusals: z.array(refusal).optional().describe('Why it is nowhere yet.'),
      conditions,
    })
    .optional(),
});
export type Volume = z.infer<typeof volumeSchema>;

/** Volume: one volume of Moorage, whatever claims it. */
export const volumes = defineKind<Volume>({
  group,
  version,
  kind: 'Volume',
  plural: 'volumes',
  shortNames: ['vol'],
  hasStatus: true,
  hasGeneration: true,
  categories: ['moorage'],
  description: 'One volume: how large, where its bytes are, and who has it.',
  schema: volumeSchema as unknown as z.ZodType<Volume>,
  columns: [
    column('Phase', 'Where it is in its life.', (it) =>
      it.metadata.deletionTimestamp ? 'Deleting' : (it.status?.phase ?? 'Pending'),
    ),
    column('Size', 'Bytes that it promises.', (it) => it.status?.size ?? it.spec.size),
    column('Pool', 'Where it was carved from.', (it) => it.status?.placement?.pool ?? ''),
    column('Node', 'Where its bytes are.', (it) => it.status?.placement?.node ?? ''),
    column('Attached', 'Nodes that have it.', (it) => (it.status?.attachments ?? []).map(({ node }) => node).join(',')),
  ],
});

const snapshotSchema = z.object({
  apiVersion,
  kind: z.literal('Snapshot'),
  metadata: objectMeta,
  spec: z.object({ volume: z.string().describe('The Volume that it is a copy of.') }),
  status: z
    .object({
      phase: z.enum(['Pending', 'Ready', 'Failed', 'Deleting']).optional(),
      size: quantity.optional().describe('Least size of a volume made from it.'),
      used: quantity
        .optional()
        .describe('Bytes that it held when it was taken: the most that it can keep from being freed.'),
      creationTime: z.string().optional(),
      placement: z.object({ pool: z.string(), node: z.string(), engine: z.string() }).optional(),
      conditions,
    })
    .optional(),
});
export type Snapshot = z.infer<typeof snapshotSchema>;

/** Snapshot: a Volume's content at one moment. */
export const snapshots = defineKind<Snapshot>({
  group,
  version,
  kind: 'Snapshot',
  plural: 'snapshots',
  hasStatus: true,
  hasGeneration: true,
  categories: ['moorage'],
  description: "A volume's content at one moment.",
  schema: snapshotSchema as unknown as z.ZodType<Snapshot>,
  columns: [
    column('Phase', 'Where it is in its life.', (it) =>
      it.metadata.deletionTimestamp ? 'Deleting' : (it.status?.phase ?? 'Pending'),
    ),
    column('Volume', 'The volume.', (it) => it.spec.volume),
    column('Size', 'Least size of a copy.', (it) => it.status?.size ?? ''),
  ],
});

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
  group,
  version,
  kind: 'Mount',
  plural: 'mounts',
  namespaced: true,
  hasStatus: true,
  hasGeneration: true,
  categories: ['moorage'],
  description: "The wish to have a claim's volume at a path.",
  schema: mountSchema as unknown as z.ZodType<Mount>,
  columns: [
    column('Phase', 'Whether it is mounted.', (it) =>
      it.metadata.deletionTimestamp ? 'Unmounting' : (it.status?.phase ?? 'Pending'),
    ),
    column('Claim', 'The claim.', (it) => it.spec.claim),
    column('Path', 'Where it appears.', (it) => it.spec.path),
    column('Node', 'The node.', (it) => it.status?.node ?? it.spec.node ?? ''),
  ],
});
