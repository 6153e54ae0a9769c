import { own } from '../../../lib/own.ts';
import {
  type LimitRange,
  limitRanges,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
} from '../../../model/kinds/core.ts';
import { isDeleting } from '../../../model/object.ts';
import { compareQuantities } from '../../../model/quantity.ts';
import { admissionFor, forbidden } from './admission.ts';

/**
 * LimitRanger, for claims. What our own controllers write of a claim that was there before the LimitRange is not
 * held up by it.
 */
export const limitRanger = admissionFor(persistentVolumeClaims, {
  check: ({ operation, kind, object: claim, outside, state }) => {
    if (operation === 'delete' || (operation === 'update' && !outside) || isDeleting(claim)) return;
    for (const { spec } of state.list(limitRanges, claim.metadata.namespace)) {
      const faults = (spec?.limits ?? []).flatMap((limit) => faultsOf(claim, limit));
      if (faults.length > 0) {
        const why = faults.length === 1 ? String(faults[0]) : `[${faults.join(', ')}]`;
        throw forbidden(kind, claim.metadata.name, why);
      }
    }
  },
});

type Limit = NonNullable<LimitRange['spec']>['limits'][number];

function faultsOf({ spec }: PersistentVolumeClaim, { type, min, max }: Limit): string[] {
  if (type !== 'PersistentVolumeClaim') return [];
  const requests = spec.resources?.requests;
  const faults = (limits: Readonly<Record<string, string>>, word: string, beyond: number) =>
    Object.entries(limits).flatMap(([name, limit]) => {
      const text = `${word} ${name} usage per PersistentVolumeClaim is ${limit}`;
      const request = own(requests, name);
      if (request === undefined) return [`${text}.  No request is specified`];
      return compareQuantities(request, limit) === beyond ? [`${text}, but request is ${request}`] : [];
    });
  return [...faults(min ?? {}, 'minimum', -1), ...faults(max ?? {}, 'maximum', 1)];
}
