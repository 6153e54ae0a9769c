import * as z from 'zod';
import { errorCodes } from '../../../lib/errors.ts';

/** Group of Moorage's own kinds. */
export const group = 'moorage.dev';
/** Version of Moorage's own kinds. */
export const version = 'v1alpha1';
export const apiVersion = z.literal('moorage.dev/v1alpha1');
/** The name of Moorage's CSI driver, and so the provisioner in a StorageClass. */
export const driverName = 'csi.moorage.dev';
/** The namespace of Moorage's own parts in a cluster. */
export const systemNamespace = 'moorage';

/** Marks the pools that agents made by themselves, and that go again with them. */
export const defaultPoolLabel = 'moorage.dev/default-pool';
/**
 * Annotation of a Pool, Volume or Snapshot: the uid of the object that was lost with a store, whose place it takes. What
 * carries that uid's mark is its own from then on.
 */
export const adoptAnnotation = 'moorage.dev/adopt';
/** Annotation of a Volume: the claim that it was made for, `namespace/name`, where the caller told. */
export const claimAnnotation = 'moorage.dev/claim';
/** The annotation of a Node that this data directory is or was. */
export const firstPoolMark = 'moorage.dev/first-pool';
/** Topology key of a node, as our driver reports it. */
export const topologyKey = 'topology.moorage.dev/node';

/** Where a volume or a snapshot is. */
export const placement = z.object({ pool: z.string(), node: z.string(), engine: z.string() });

/** Why something could not be placed somewhere. */
export const refusal = z.object({
  pool: z.string().optional(),
  node: z.string().optional(),
  reason: z.string().describe('One word for programs: PoolFull, NodeNotReady, BackendUnsupported …'),
  message: z.string().describe('One sentence for people.'),
});
export type Refusal = z.infer<typeof refusal>;

/** What made something fail for good, as whoever asked for it is to be told. */
export const failure = z.object({
  code: z.enum(errorCodes).describe('What kind of error, for programs.'),
  message: z.string().describe('One sentence for people.'),
});
export type Failure = z.infer<typeof failure>;

/** Fields that all of Moorage's own kinds share: the group, a status, a generation, `kubectl get moorage`. */
export const ours = { group, version, hasStatus: true, hasGeneration: true, categories: ['moorage'] } as const;
