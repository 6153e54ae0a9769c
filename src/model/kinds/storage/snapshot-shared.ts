import * as z from 'zod';
import { invalid, same } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import type { ValidationRule } from '../moorage/rules.ts';

/** What went wrong last with a snapshot. */
export const snapshotError = z.object({ time: z.string().nullish(), message: z.string().nullish() }).nullish();

/** What becomes of a snapshot in the storage system when its object goes. */
export const deletionPolicy = z.enum(['Delete', 'Retain']);

/** An int64. Nanoseconds since 1970 are beyond what a JavaScript number holds exactly, and are rounded. */
export const int64 = z.number().refine(Number.isInteger, { error: 'must be a whole number' }).meta({ format: 'int64' });

/** Exactly one of two fields of a source is set, and neither ever changes. */
export function sourceErrors<T extends object>(
  field: string,
  names: readonly [keyof T & string, keyof T & string],
  source: T,
  old: T | undefined,
): FieldError[] {
  const given = names.filter((name) => source[name] != null);
  return [
    ...names.flatMap((name) => onceErrors(field, name, source[name], old?.[name])),
    ...(given.length === 1 ? [] : [invalid(field, 'object', `exactly one of ${names.join(' and ')} must be set`)]),
  ];
}

/** The same rules for a real API server, in the words of the official CRDs. */
export function sourceRules(first: string, second: string): readonly ValidationRule[] {
  const only = (one: string, other: string) => `(has(self.${one}) && !has(self.${other}))`;
  return [
    ...onceRules(first),
    ...onceRules(second),
    {
      rule: `${only(first, second)} || ${only(second, first)}`,
      message: `exactly one of ${first} and ${second} must be set`,
    },
  ];
}

/** What was said once, stays. */
export function onceRules(name: string): readonly ValidationRule[] {
  return [{ rule: `!has(oldSelf.${name}) || has(self.${name})`, message: `${name} is required once set` }];
}

/** The rule of the field itself: it keeps its value. */
export function keptOnce(name: string): ValidationRule {
  return { rule: 'self == oldSelf', message: `${name} is immutable` };
}

/** The error of a field that was set and is now missing or different, or none. */
export function onceErrors(parent: string, name: string, value: unknown, old: unknown): FieldError[] {
  if (old == null || same(value, old)) return [];
  if (value == null) return [invalid(parent, 'object', `${name} is required once set`)];
  const field = parent ? `${parent}.${name}` : name;
  return [invalid(field, typeof value, `${name} is immutable`)];
}

/** The error of a class name that is given and empty, or none. */
export function emptyClassErrors(parent: string, name: string, value: string | null | undefined): FieldError[] {
  return value === '' ? [invalid(`${parent}.${name}`, 'string', `${name} must not be the empty string when set`)] : [];
}

/** A content names what it belongs to by name and namespace. */
export function contentReferenceErrors(
  field: string,
  reference: { readonly name?: string | undefined; readonly namespace?: string | undefined },
): FieldError[] {
  return reference.name && reference.namespace
    ? []
    : [invalid(field, 'object', `both ${field}.name and ${field}.namespace must be set`)];
}
