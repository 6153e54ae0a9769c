import * as z from 'zod';
import { invalid } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { objectMeta } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { metadataMergeKeys } from '../shared.ts';

const schema = z.object({
  apiVersion: z.literal('coordination.k8s.io/v1'),
  kind: z.literal('Lease'),
  metadata: objectMeta,
  spec: z
    .object({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().int().nullish(),
      acquireTime: z.string().nullish(),
      renewTime: z.string().nullish(),
      leaseTransitions: z.number().int().nullish(),
      strategy: z.string().nullish(),
      preferredHolder: z.string().nullish(),
    })
    .optional(),
});
export type Lease = z.infer<typeof schema>;

/** Lease, as coordination.k8s.io/v1 has it. */
export const leases = defineKind<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
  updateCreates: true,
  description: 'Who leads, and until when.',
  schema: schema as z.ZodType<Lease>,
  mergeKeys: metadataMergeKeys,
  validate: ({ spec }) => [
    ...(spec?.leaseDurationSeconds != null && spec.leaseDurationSeconds <= 0
      ? [invalid('spec.leaseDurationSeconds', spec.leaseDurationSeconds, 'must be greater than 0')]
      : []),
    ...transitionErrors(spec?.leaseTransitions),
  ],
  columns: [column('Holder', 'Who has it.', (lease) => lease.spec?.holderIdentity ?? '')],
});

function transitionErrors(count: number | null | undefined): FieldError[] {
  return count != null && count < 0
    ? [invalid('spec.leaseTransitions', count, 'must be greater than or equal to 0')]
    : [];
}
