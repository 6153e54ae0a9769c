import * as z from 'zod';
import { errorsOfEach, forbidden, invalid, required } from '../field-errors.ts';
import type { FieldError } from '../kind.ts';
import { labelErrors } from '../metadata.ts';
import { labelValueErrors, qualifiedNameErrors, subdomainErrors } from '../names.ts';
import { condition, stringMap } from '../object.ts';
import { compareQuantities, quantity } from '../quantity.ts';

/** Parts that several kinds share. */
export const conditions = z.array(condition).optional();

/** A reference to any object. */
export const objectReference = z.object({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  namespace: z.string().optional(),
  name: z.string().optional(),
  uid: z.string().optional(),
  resourceVersion: z.string().optional(),
  fieldPath: z.string().optional(),
});

/** A reference to a Secret of any namespace. */
export const secretReference = z.object({ name: z.string().optional(), namespace: z.string().optional() });

/** What the labels of an object must be like. */
export const labelSelector = z.object({
  matchLabels: stringMap.optional(),
  matchExpressions: z
    .array(
      z.object({
        key: z.string(),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
        values: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});
export type LabelSelector = z.infer<typeof labelSelector>;

const nodeSelectorRequirement = z.object({
  key: z.string(),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
  values: z.array(z.string()).optional(),
});

/** What a node must be like: one of the terms has to match, with all that it says. */
export const nodeSelector = z.object({
  nodeSelectorTerms: z.array(
    z.object({
      matchExpressions: z.array(nodeSelectorRequirement).optional(),
      matchFields: z.array(nodeSelectorRequirement).optional(),
    }),
  ),
});
export type NodeSelector = z.infer<typeof nodeSelector>;

/** Quantities by resource name. */
export const capacity = z.record(z.string(), quantity);

/** Merge keys of metadata's lists, the same for all of Kubernetes' own kinds. */
export const metadataMergeKeys = { 'metadata.ownerReferences': 'uid', 'metadata.finalizers': '' } as const;

/** What is wrong with a label selector. */
export function labelSelectorErrors(field: string, selector: LabelSelector | null | undefined): FieldError[] {
  const expressions = errorsOfEach(selector?.matchExpressions ?? [], (it, index) =>
    requirementErrors(`${field}.matchExpressions[${index}]`, it),
  );
  return [...labelErrors(`${field}.matchLabels`, selector?.matchLabels), ...expressions];
}

/** What is wrong with a node selector. */
export function nodeSelectorErrors(field: string, selector: NodeSelector): FieldError[] {
  const terms = `${field}.nodeSelectorTerms`;
  if (selector.nodeSelectorTerms.length === 0) return [required(terms, 'must have at least one node selector term')];
  return errorsOfEach(selector.nodeSelectorTerms, ({ matchExpressions = [] }, term) =>
    errorsOfEach(matchExpressions, (it, index) =>
      requirementErrors(`${terms}[${term}].matchExpressions[${index}]`, it),
    ),
  );
}

function requirementErrors(field: string, it: z.infer<typeof nodeSelectorRequirement>): FieldError[] {
  const values = it.values ?? [];
  return [
    ...operatorErrors(`${field}.values`, it.operator, values),
    ...qualifiedNameErrors(it.key).map((error) => invalid(`${field}.key`, it.key, error)),
    ...errorsOfEach(values, (value, index) =>
      labelValueErrors(value).map((error) => invalid(`${field}.values[${index}]`, value, error)),
    ),
  ];
}

function operatorErrors(
  field: string,
  operator: z.infer<typeof nodeSelectorRequirement>['operator'],
  values: readonly string[],
): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0 ? [] : [required(field, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [forbidden(field, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    case 'Gt':
    case 'Lt':
      return values.length === 1
        ? []
        : [required(field, "must be specified single value when `operator` is 'Lt' or 'Gt'")];
  }
}

/** What is wrong with the name of a class or of another object, if it is given and not empty. */
export function referenceNameErrors(field: string, name: string | null | undefined): FieldError[] {
  return name ? subdomainErrors(name).map((error) => invalid(field, name, error)) : [];
}

/** What is wrong with the name of a CSI driver. */
export function driverNameErrors(field: string, name: string): FieldError[] {
  if (!name) return [required(field)];
  return subdomainErrors(name.toLowerCase()).map((error) => invalid(field, name, error));
}

/** The error of a quantity that is not above zero, or none. */
export function positiveErrors(field: string, value: string): FieldError[] {
  return compareQuantities(value, '0') > 0 ? [] : [invalid(field, value, 'must be greater than zero')];
}
