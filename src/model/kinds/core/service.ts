import * as z from 'zod';
import { objectMeta } from '../../object.ts';
import { column, defineKind } from '../define.ts';

const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata: objectMeta,
  spec: z.record(z.string(), z.unknown()).optional(),
  status: z.record(z.string(), z.unknown()).optional(),
});
export type Service = z.infer<typeof schema>;

/** Service. There are none in embedded mode: the kind is served because `kubectl cluster-info` lists them. */
export const services = defineKind<Service>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  namespaced: true,
  hasStatus: true,
  writable: false,
  description: 'A name for pods on the network. Moorage runs none: use a real Kubernetes.',
  schema: schema as z.ZodType<Service>,
  mergeKeys: {},
  columns: [
    column('Type', 'How it is reached.', () => ''),
    column('Cluster-IP', 'Its address.', () => ''),
    column('Port(s)', 'Its ports.', () => ''),
  ],
});
