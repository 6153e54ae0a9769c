import { forbidden, invalid, required } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { compareQuantities } from '../../quantity.ts';
import { positiveErrors } from '../shared.ts';

/** A rule that a CustomResourceDefinition lets the API server check, in CEL. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
}

/** Adds rules to a schema's CRD: what a real API server checks of what `validate` checks in ours. */
export function checkedBy(...rules: readonly ValidationRule[]): Readonly<Record<string, unknown>> {
  return { 'x-kubernetes-validations': rules };
}

/** Whether it was never said, or still is what was said. */
export function keptRule(field: string): ValidationRule {
  const rule = `!has(oldSelf.${field}) || (has(self.${field}) && self.${field} == oldSelf.${field})`;
  return { rule, message: `${field} can't be changed once it is set` };
}

/** Whether it was left out and still is, or is what it was. */
export function fixedRule(field: string): ValidationRule {
  const rule = `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`;
  return { rule, message: `${field} can't be changed` };
}

/**
 * Whether a field of the spec is what it was. Otherwise, where `decided` says of the object that something was built
 * upon the field, it has to be what that says (`as`), and elsewhere, `open` has to say that it was left open.
 */
export function decidedRule(
  field: string,
  { decided, as, open }: { readonly decided: string; readonly as?: string; readonly open: string },
): ValidationRule {
  const [now, before] = [`self.spec.${field}`, `oldSelf.spec.${field}`];
  const same = `has(${now}) == has(${before}) && (!has(${now}) || ${now} == ${before})`;
  const settled = as === undefined ? 'false' : `(has(${now}) && ${now} == ${as})`;
  const rule = `(${same}) || ((${decided}) ? ${settled} : (${open}))`;
  return { rule, message: `${field} can't be changed once it is decided` };
}

/** Whether a size is at least what it was. */
export function noShrinkRule(field: string): ValidationRule {
  const size = (of: string) => `quantity(string(${of}.${field}))`;
  const rule = `!has(oldSelf.${field}) || (has(self.${field}) && ${size('self')}.compareTo(${size('oldSelf')}) >= 0)`;
  return { rule, message: `${field} can grow, not shrink` };
}

/** Whether all of it is as it was. */
export const sameRule: ValidationRule = { rule: 'self == oldSelf', message: "it can't be changed; make another one" };

/** What is wrong with a path that has to be absolute and in its shortest form. */
export function absolutePathErrors(field: string, path: string): FieldError[] {
  if (!path) return [required(field)];
  if (!path.startsWith('/')) return [invalid(field, path, 'must be an absolute path')];
  if (path.includes('\0')) return [invalid(field, path, 'must not contain a zero byte')];
  if (path === '/') return [invalid(field, path, "must not be the root directory '/'")];
  return path
    .slice(1)
    .split('/')
    .some((part) => part === '' || part === '.' || part === '..')
    ? [invalid(field, path, "must be in its shortest form: no '//', no '.' or '..', no '/' at the end")]
    : [];
}

/** The error of a size that became smaller, or none. */
export function noShrinkErrors(field: string, size: string | undefined, old: string | undefined): FieldError[] {
  if (size === undefined || old === undefined || compareQuantities(size, old) >= 0) return [];
  return [forbidden(field, `can grow, not shrink: it was ${old}`)];
}

/** Bytes of the largest volume, and of the largest image of a pool: what JavaScript counts exactly, with room to add. */
export const largestVolume = 1n << 52n;
const largestSize = '4Pi';

/** What is wrong with the size of something that is to be made. */
export function sizeErrors(field: string, size: string): FieldError[] {
  const tooLarge = compareQuantities(size, largestSize) > 0;
  return [
    ...positiveErrors(field, size),
    ...(tooLarge
      ? [invalid(field, size, `must be at most ${largestSize}, more than which nothing here can have`)]
      : []),
  ];
}

/** Whether a size is one that something can have. */
export function largestRule(field: string): ValidationRule {
  const rule = `!has(self.${field}) || quantity(string(self.${field})).compareTo(quantity('${largestSize}')) <= 0`;
  return { rule, message: `${field} must be at most ${largestSize}` };
}
