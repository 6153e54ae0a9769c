import { missingFrom } from '../lib/lists.ts';
import { errorsOfEach, forbidden, invalid, required, tooLong } from './field-errors.ts';
import type { FieldError } from './kind.ts';
import { labelNameErrors, labelValueErrors, pathSegmentErrors, qualifiedNameErrors, subdomainErrors } from './names.ts';
import type { KubeObject, ObjectMeta } from './object.ts';

/** How the name of an object may look. */
export type NameRule = 'subdomain' | 'label' | 'path';

const nameErrors: Readonly<Record<NameRule, (text: string) => string[]>> = {
  subdomain: subdomainErrors,
  label: labelNameErrors,
  path: pathSegmentErrors,
};
const annotationBytes = 256 * 1024;

/** What is wrong with an object's metadata, as Kubernetes' ValidateObjectMeta says it. Expects the name to be there. */
export function validateMetadata(
  kind: { readonly namespaced: boolean; readonly nameRule: NameRule; readonly builtIn: boolean },
  { metadata }: KubeObject,
  old?: KubeObject,
): FieldError[] {
  return [
    ...nameOf(metadata, kind.nameRule),
    ...namespaceOf(metadata, kind.namespaced),
    ...labelErrors('metadata.labels', metadata.labels),
    ...annotations(metadata),
    ...owners(metadata),
    ...finalizers(metadata, old?.metadata, kind.builtIn),
  ];
}

/** What is wrong with a set of labels, or of labels to match. */
export function labelErrors(field: string, labels: Readonly<Record<string, string>> = {}): FieldError[] {
  return errorsOfEach(Object.entries(labels), ([key, value]) => [
    ...qualifiedNameErrors(key).map((error) => invalid(field, key, error)),
    ...labelValueErrors(value).map((error) => invalid(field, value, error)),
  ]);
}

function nameOf({ name, generateName }: ObjectMeta, rule: NameRule): FieldError[] {
  const errors = nameErrors[rule];
  const base = generateName ? errors(generateName.replace(/-$/, 'a')) : [];
  return [
    ...base.map((error) => invalid('metadata.generateName', generateName, error)),
    ...(name
      ? errors(name).map((error) => invalid('metadata.name', name, error))
      : [required('metadata.name', 'name or generateName is required')]),
  ];
}

function namespaceOf({ namespace }: ObjectMeta, namespaced: boolean): FieldError[] {
  if (!namespaced) return namespace ? [forbidden('metadata.namespace', 'not allowed on this type')] : [];
  if (!namespace) return [required('metadata.namespace')];
  return labelNameErrors(namespace).map((error) => invalid('metadata.namespace', namespace, error));
}

function annotations({ annotations = {} }: ObjectMeta): FieldError[] {
  const keys = errorsOfEach(Object.keys(annotations), (key) =>
    qualifiedNameErrors(key.toLowerCase()).map((error) => invalid('metadata.annotations', key, error)),
  );
  const size = Object.entries(annotations).reduce((sum, [key, value]) => sum + bytes(key) + bytes(value), 0);
  return size > annotationBytes ? [...keys, tooLong('metadata.annotations', annotationBytes)] : keys;
}

function owners({ ownerReferences = [] }: ObjectMeta): FieldError[] {
  const field = 'metadata.ownerReferences';
  const errors = errorsOfEach(ownerReferences, (owner) => [
    ...(owner.apiVersion ? [] : [invalid(`${field}.apiVersion`, owner.apiVersion, 'version must not be empty')]),
    ...(['kind', 'name', 'uid'] as const)
      .filter((key) => !owner[key])
      .map((key) => invalid(`${field}.${key}`, owner[key], 'must not be empty')),
  ]);
  const [first, second] = ownerReferences.filter((owner) => owner.controller).map((it) => `${it.kind}/${it.name}`);
  if (!first || !second) return errors;
  const message = `Only one reference can have Controller set to true. Found "true" in references for ${first} and ${second}`;
  return [...errors, invalid(field, ownerReferences, message)];
}

const standardFinalizers = ['kubernetes', 'orphan', 'foregroundDeletion'];

function finalizers({ finalizers = [] }: ObjectMeta, old: ObjectMeta | undefined, builtIn: boolean): FieldError[] {
  const field = 'metadata.finalizers';
  const errors = errorsOfEach(finalizers, (name, index) => [
    ...qualifiedNameErrors(name).map((error) => invalid(field, name, error)),
    // Kinds that CRDs define may have others; they get a warning.
    ...(builtIn && !name.includes('/') && !standardFinalizers.includes(name)
      ? [invalid(`${field}[${index}]`, name, 'name is neither a standard finalizer name nor is it fully qualified')]
      : []),
  ]);
  if (!old?.deletionTimestamp) return errors;
  const added = missingFrom(old.finalizers, finalizers);
  return added.length === 0 ? errors : [...errors, newFinalizers(added)];
}

/** Says that what is being deleted may not be held by more than held it before. */
export function newFinalizers(added: readonly string[]): FieldError {
  const list = `[]string{${added.map((name) => JSON.stringify(name)).join(', ')}}`;
  const message = `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`;
  return forbidden('metadata.finalizers', message);
}

function bytes(text: string): number {
  return Buffer.byteLength(text);
}
