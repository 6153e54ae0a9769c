import * as z from 'zod';
import { objectMeta } from '../../object.ts';
import { column, defineKind } from '../define.ts';

const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Pod'),
  metadata: objectMeta,
  spec: z.record(z.string(), z.unknown()).optional(),
  status: z.record(z.string(), z.unknown()).optional(),
});
export type Pod = z.infer<typeof schema>;

/**
 * Pod. There are none in embedded mode: the kind is served because `kubectl describe pvc` asks which pods use
 * a claim. It lists as empty.
 */
export const pods = defineKind<Pod>({
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  writable: false,
  description: 'A group of containers. Moorage runs none: use a Mount, or a real Kubernetes.',
  schema: schema as z.ZodType<Pod>,
  mergeKeys: {},
  selectable: { 'spec.nodeName': () => '', 'status.phase': () => '' },
  columns: [
    column('Ready', 'Containers that are ready.', () => '0/0'),
    column('Status', 'Its phase.', () => 'Unknown'),
    column('Restarts', 'How often containers were started again.', () => '0'),
  ],
});
