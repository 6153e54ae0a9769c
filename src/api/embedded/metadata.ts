import { randomBytes } from 'node:crypto';
import type { FieldError, Kind } from '../../model/kind.ts';
import type { KubeObject, ObjectMeta } from '../../model/object.ts';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const labelPattern = new RegExp(`^${label}$`);
const subdomainPattern = new RegExp(`^${subdomain}$`);
const keyNamePattern = /^[A-Za-z0-9]([-\w.]*[A-Za-z0-9])?$/;
const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const maxGeneratedBase = 63 - suffixLength;
const maxAnnotations = 256 * 1024;

/** A name from metadata.generateName: the prefix and five random letters, at most 63 in all. */
export function generateName(prefix: string): string {
  let suffix = '';
  for (const byte of randomBytes(suffixLength)) suffix += suffixLetters[byte % suffixLetters.length];
  return prefix.slice(0, maxGeneratedBase) + suffix;
}

/** What is wrong with the name: it must be a DNS-1123 subdomain, that of a namespace a DNS-1123 label. */
export function nameErrors(kind: Kind, name: string): FieldError[] {
  const field = 'metadata.name';
  if (name === '') return [{ field, reason: 'FieldValueRequired', message: 'name or generateName is required' }];
  const short = kind.group === '' && kind.plural === 'namespaces';
  const max = short ? 63 : 253;
  const invalid = (message: string): FieldError[] => [
    { field, reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(name)}: ${message}` },
  ];
  if (name.length > max) return invalid(`must be no more than ${max} characters`);
  if ((short ? labelPattern : subdomainPattern).test(name)) return [];
  return invalid(
    short
      ? `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`
      : `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`,
  );
}

/** What is wrong with labels, annotations, finalizers and owners, by Kubernetes' rules for metadata. */
export function metadataErrors({ labels, annotations, finalizers, ownerReferences }: ObjectMeta): FieldError[] {
  const errors: FieldError[] = [];
  const invalid = (field: string, value: string, message: string) =>
    errors.push({
      field,
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(value)}: ${message}`,
    });
  for (const [key, value] of Object.entries(labels ?? {})) {
    if (!isQualifiedName(key)) invalid('metadata.labels', key, qualifiedNameRule);
    if (value.length > 63) invalid('metadata.labels', value, 'must be no more than 63 characters');
    else if (value !== '' && !keyNamePattern.test(value)) invalid('metadata.labels', value, labelValueRule);
  }
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    if (!isQualifiedName(key.toLowerCase())) invalid('metadata.annotations', key, qualifiedNameRule);
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > maxAnnotations) {
    const message = `Too long: may not be more than ${maxAnnotations} bytes`;
    errors.push({ field: 'metadata.annotations', reason: 'FieldValueInvalid', message });
  }
  for (const finalizer of finalizers ?? []) {
    if (!isQualifiedName(finalizer)) invalid('metadata.finalizers', finalizer, qualifiedNameRule);
  }
  for (const [index, owner] of (ownerReferences ?? []).entries()) {
    for (const key of ['apiVersion', 'kind', 'name', 'uid'] as const) {
      if (owner[key] !== '') continue;
      const field = `metadata.ownerReferences[${index}].${key}`;
      errors.push({ field, reason: 'FieldValueRequired', message: 'must not be empty' });
    }
  }
  return errors;
}

const qualifiedNameRule =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc'), with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
const labelValueRule =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345')";

function isQualifiedName(text: string): boolean {
  const parts = text.split('/');
  const name = parts.pop() ?? '';
  const [prefix] = parts;
  if (parts.length > 1 || name.length > 63 || !keyNamePattern.test(name)) return false;
  return prefix === undefined || (prefix.length <= 253 && subdomainPattern.test(prefix));
}

/** The object without what only the server may set. */
export function withoutServerFields<T extends KubeObject>(object: T): T {
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _created,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    generation: _generation,
    selfLink: _link,
    managedFields: _managed,
    ...metadata
  } = object.metadata;
  return { ...object, metadata };
}
