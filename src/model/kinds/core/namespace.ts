import * as z from 'zod';
import { objectMeta } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { conditions } from '../shared.ts';

const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Namespace'),
  metadata: objectMeta,
  spec: z.object({ finalizers: z.array(z.string()).optional() }).optional(),
  status: z.object({ phase: z.enum(['Active', 'Terminating']).optional(), conditions }).optional(),
});
export type Namespace = z.infer<typeof schema>;

/** Namespace, as core/v1 has it. */
export const namespaces = defineKind<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  hasStatus: true,
  statusTakesMetadata: true,
  nameRule: 'label',
  description: 'A space of names.',
  schema: schema as z.ZodType<Namespace>,
  mergeKeys: { 'metadata.finalizers': '', 'spec.finalizers': '', 'status.conditions': 'type' },
  selectable: { 'status.phase': (namespace) => namespace.status?.phase ?? '' },
  prepare: (namespace) => {
    namespace.status ??= {};
    namespace.status.phase ??= 'Active';
    if (namespace.metadata.name) {
      namespace.metadata.labels = {
        ...namespace.metadata.labels,
        'kubernetes.io/metadata.name': namespace.metadata.name,
      };
    }
    if (!namespace.metadata.deletionTimestamp) namespace.spec ??= { finalizers: ['kubernetes'] };
  },
  columns: [column('Status', 'Its phase.', (namespace) => namespace.status?.phase ?? 'Active')],
});
