import { own } from '../lib/own.ts';
import { beginning } from '../lib/text.ts';
import type { FieldError } from './kind.ts';

/**
 * The errors of single fields, worded as Kubernetes words them (k8s.io/apimachinery/pkg/util/validation/field). The
 * message is what follows `path: ` in kubectl's output and in a Status' causes.
 */

/** Something is missing. */
export function required(field: string, detail = ''): FieldError {
  return { field, reason: 'FieldValueRequired', message: withDetail('Required value', detail) };
}

/** The value breaks a rule. */
export function invalid(field: string, value: unknown, detail: string): FieldError {
  return { field, reason: 'FieldValueInvalid', message: withDetail(`Invalid value: ${shown(value)}`, detail) };
}

/** The value may not be given here, or not be changed. */
export function forbidden(field: string, detail: string): FieldError {
  return { field, reason: 'FieldValueForbidden', message: withDetail('Forbidden', detail) };
}

/** The value is not one of those that there are. */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((text) => JSON.stringify(text)).join(', ');
  const message = withDetail(`Unsupported value: ${shown(value)}`, list && `supported values: ${list}`);
  return { field, reason: 'FieldValueNotSupported', message };
}

/** The value stands there twice. */
export function duplicate(field: string, value: unknown): FieldError {
  return { field, reason: 'FieldValueDuplicate', message: `Duplicate value: ${shown(value)}` };
}

/** The value is longer than so many bytes. */
export function tooLong(field: string, bytes: number): FieldError {
  return { field, reason: 'FieldValueTooLong', message: `Too long: may not be more than ${bytes} bytes` };
}

/** The errors of a field that has to keep its value, or none. */
export function immutable(field: string, value: unknown, old: unknown): FieldError[] {
  return same(value, old) ? [] : [invalid(field, value, 'field is immutable')];
}

/** So many errors of one list are looked for: nobody reads more. */
const mostErrors = 100;

/** What is wrong with each of several items, up to a number that somebody can read. */
export function errorsOfEach<T>(
  items: readonly T[],
  errorsOf: (item: T, index: number) => readonly FieldError[],
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, item] of items.entries()) {
    errors.push(...errorsOf(item, index));
    if (errors.length >= mostErrors) break;
  }
  return errors;
}

/** True if two values are equal as JSON: absent and undefined are the same, the order of keys does not matter. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return (a ?? null) === (b ?? null);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left: Record<string, unknown> = { ...a };
  const right: Record<string, unknown> = { ...b };
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) =>
    same(own(left, key), own(right, key)),
  );
}

function shown(value: unknown): string {
  return value === undefined ? 'null' : beginning(JSON.stringify(value), 2_000);
}

function withDetail(message: string, detail: string): string {
  return detail ? `${message}: ${detail}` : message;
}
