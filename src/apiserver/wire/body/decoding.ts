import { refuse } from '../../../api/status.ts';
import { beginning, shownValue } from '../../../lib/text.ts';
import { apiVersionOf, type Kind } from '../../../model/kind.ts';
import type { KubeObject } from '../../../model/object.ts';
import { jsonSchemaOf } from '../../discovery/kind-schema.ts';
import { mostProblems } from '../problems.ts';
import type { Body } from './body.ts';
import { schemaAt, unknownFields } from './unknown-fields.ts';

/** What becomes of fields that the kind does not know, or that are there twice. The default is Warn. */
export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** Where an object is to be written, as the path says. */
export interface Target {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  /** Undefined for a creation. */
  readonly name: string | undefined;
}

/** An object from a body. Its apiVersion, kind, namespace and name are those of the path, or it is refused. */
export function decodeObject(
  body: Body,
  target: Target,
  validation: FieldValidation,
): { object: KubeObject; warnings: string[] } {
  const { kind } = target;
  const value = recordOf(body.value, kind);
  const warnings = checkFields(body, kind, validation);
  const metadata = value['metadata'] ?? {};
  if (!isRecord(metadata)) refuse(400, 'BadRequest', 'metadata must be an object');
  const named = { ...metadata, ...placeOf(metadata, target) };
  // What the schema says is checked by the store, which drops the rest: a hundred thousand keys are not carried there.
  const object = {
    ...knownOf(value, kind),
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: named,
  } as KubeObject;
  return { object, warnings };
}

function knownOf(value: Record<string, unknown>, kind: Kind): Record<string, unknown> {
  const known = Object.keys(jsonSchemaOf(kind).properties ?? {});
  return Object.fromEntries(known.filter((key) => Object.hasOwn(value, key)).map((key) => [key, value[key]]));
}

/** A body as the object that it should be. Its apiVersion and kind are those of the path, or it is refused. */
export function recordOf(value: unknown, kind: Named): Record<string, unknown> {
  if (isRecord(value)) {
    checkType(value, kind);
    return value;
  }
  const found = Array.isArray(value) ? 'a list' : typeof value;
  return refuse(400, 'BadRequest', `a ${kind.kind} must be an object, not ${found}`);
}

type Named = Pick<Kind, 'group' | 'version' | 'kind'>;

function checkType(value: Record<string, unknown>, kind: Named): void {
  const expected = apiVersionOf(kind);
  if (value['kind'] && value['kind'] !== kind.kind) {
    const found = shownValue(value['kind']);
    refuse(
      400,
      'BadRequest',
      `${found} in version "${kind.version}" cannot be handled as a ${kind.kind}: the kind in the data (${found}) does not match the expected kind (${kind.kind})`,
    );
  }
  if (value['apiVersion'] && value['apiVersion'] !== expected) {
    refuse(
      400,
      'BadRequest',
      `${kind.kind} in version "${shownValue(value['apiVersion'])}" cannot be handled as a ${kind.kind}: the API version in the data does not match the expected API version (${expected})`,
    );
  }
}

function placeOf(metadata: Record<string, unknown>, { kind, namespace, name }: Target): Record<string, unknown> {
  const given = metadata['namespace'];
  if (kind.namespaced && given && given !== namespace) {
    refuse(400, 'BadRequest', 'the namespace of the provided object does not match the namespace sent on the request');
  }
  if (!kind.namespaced && given) {
    refuse(400, 'BadRequest', 'namespace should be empty: the kind has none');
  }
  const givenName = metadata['name'];
  if (name !== undefined && givenName && givenName !== name) {
    refuse(
      400,
      'BadRequest',
      `the name of the object (${shownValue(givenName)}) does not match the name on the URL (${name})`,
    );
  }
  return { ...(kind.namespaced ? { namespace } : {}), ...(name === undefined ? {} : { name }) };
}

/** Refuses fields that the kind does not know, or returns them as warnings, as the client wishes. */
export function checkFields(body: Body, kind: Kind, validation: FieldValidation): string[] {
  if (validation === 'Ignore') return [];
  return report(
    [
      ...body.duplicates().map((field) => `duplicate field "${field}"`),
      ...unknownFields(jsonSchemaOf(kind), body.value).map((field) => `unknown field "${field}"`),
    ],
    kind,
    validation,
  );
}

/** The same for the values that a JSON patch puts somewhere. */
export function checkPatchedFields(body: Body, kind: Kind, validation: FieldValidation): string[] {
  if (validation === 'Ignore' || !Array.isArray(body.value)) return [];
  const found: string[] = [];
  for (const operation of body.value) {
    if (isRecord(operation)) found.push(...fieldsOfOperation(operation, kind));
    if (found.length >= mostProblems) break;
  }
  return report(
    found.map((field) => `unknown field "${field}"`),
    kind,
    validation,
  );
}

function fieldsOfOperation({ op, path, value }: Record<string, unknown>, kind: Kind): string[] {
  if ((op !== 'add' && op !== 'replace') || typeof path !== 'string') return [];
  const segments = path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const at = beginning(segments.join('.'), 1_000);
  const schema = schemaAt(jsonSchemaOf(kind), segments);
  return schema === 'unknown' ? [at] : unknownFields(schema, value, at);
}

function report(problems: string[], kind: Kind, validation: FieldValidation): string[] {
  if (validation === 'Strict' && problems.length > 0) {
    refuse(
      400,
      'BadRequest',
      `${kind.kind} in version "${kind.version}" cannot be handled as a ${kind.kind}: strict decoding error: ${problems.join(', ')}`,
    );
  }
  return problems;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
