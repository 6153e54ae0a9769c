import { own } from '../../lib/own.ts';

/**
 * The value as deeply frozen, plain JSON data. What is deeply frozen already is shared, not copied, so that two
 * versions of an object share what did not change; the rest is copied, and the caller's own object is left alone.
 */
export function frozen<T>(value: T): T {
  return freeze(value) as T;
}

/** A deep copy that may be changed. */
export function mutable<T>(value: T): T {
  return copy(value) as T;
}

/** True if two JSON values say the same; a key without a value is no key. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (!isRecord(one) || !isRecord(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  for (const key in one) if (!same(one[key], own(other, key))) return false;
  for (const key in other) if (other[key] !== undefined && own(one, key) === undefined) return false;
  return true;
}

/** True for objects and arrays. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function freeze(value: unknown): unknown {
  if (!isRecord(value) || isDeeplyFrozen(value)) return value;
  if (Array.isArray(value)) return Object.freeze(value.map((item) => (item === undefined ? null : freeze(item))));
  const result: Record<string, unknown> = {};
  for (const key of keysOf(value)) result[key] = freeze(value[key]);
  return Object.freeze(result);
}

function copy(value: unknown): unknown {
  if (!isRecord(value)) return value;
  if (Array.isArray(value)) return value.map(copy);
  const result: Record<string, unknown> = {};
  for (const key of keysOf(value)) result[key] = copy(value[key]);
  return result;
}

/** `__proto__` would not become a key but the prototype of the copy. */
function keysOf(value: Record<string, unknown>): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined && key !== '__proto__');
}

function isDeeplyFrozen(value: Record<string, unknown>): boolean {
  if (!Object.isFrozen(value)) return false;
  for (const key in value) {
    const child = value[key];
    if (child === undefined || (isRecord(child) && !isDeeplyFrozen(child))) return false;
  }
  return true;
}
