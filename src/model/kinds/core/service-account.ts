import * as z from 'zod';
import { objectMeta } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { metadataMergeKeys, objectReference } from '../shared.ts';

const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('ServiceAccount'),
  metadata: objectMeta,
  secrets: z.array(objectReference).optional(),
  imagePullSecrets: z.array(z.object({ name: z.string().optional() })).optional(),
  automountServiceAccountToken: z.boolean().optional(),
});
export type ServiceAccount = z.infer<typeof schema>;

/** ServiceAccount, as core/v1 has it. */
export const serviceAccounts = defineKind<ServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  shortNames: ['sa'],
  namespaced: true,
  description: 'Who a program is.',
  schema: schema as z.ZodType<ServiceAccount>,
  mergeKeys: { ...metadataMergeKeys, secrets: 'name', imagePullSecrets: 'name' },
  columns: [column('Secrets', 'How many secrets.', (account) => account.secrets?.length ?? 0)],
});
