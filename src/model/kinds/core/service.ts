import * as z from 'zod';
import { objectMeta } from '../../object.ts';
import { column, defineKind } from '../define.ts';

const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Service'),
  metadata: objectMeta,
  spec: z
    .looseObject({
      type: z.string().optional(),
      clusterIP: z.string().optional(),
      ports: z.array(z.looseObject({ port: z.number().int(), protocol: z.string().optional() })).optional(),
    })
    .optional(),
  status: z.record(z.string(), z.unknown()).optional(),
});
export type Service = z.infer<typeof schema>;

/** Service. In embedded mode there is one, `kubernetes`, which says where the API is; Moorage writes it. */
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
  description: 'A name for pods on the network. Moorage has none but that of its API.',
  schema: schema as z.ZodType<Service>,
  mergeKeys: {},
  columns: [
    column('Type', 'How it is reached.', ({ spec }) => spec?.type ?? ''),
    column('Cluster-IP', 'Its address.', ({ spec }) => spec?.clusterIP ?? '<none>'),
    column('External-IP', 'Its address outside.', () => '<none>'),
    column('Port(s)', 'Its ports.', ({ spec }) =>
      (spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`).join(','),
    ),
  ],
});
