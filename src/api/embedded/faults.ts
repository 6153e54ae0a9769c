import * as z from 'zod';
import { own } from '../../lib/own.ts';
import { isRecord } from './frozen.ts';

/** A schema, as far as it can be looked into. */
export type Inner = z.core.$ZodType;

interface Definition {
  readonly type: string;
  readonly innerType?: Inner;
  readonly shape?: Readonly<Record<string, Inner>>;
  readonly element?: Inner;
  readonly valueType?: Inner;
  readonly in?: Inner;
}

/** What a schema is beneath optional(), nullable(), default() and the like. */
export function definitionOf(schema: Inner | undefined): Definition | undefined {
  const definition = schema?._zod.def as Definition | undefined;
  const inner = definition?.innerType ?? definition?.in;
  return inner ? definitionOf(inner) : definition;
}

/** Objects with fewer parts are given to zod at once. */
const fewParts = 1_000;
/** With more faults than this in its parts, none is listed. */
const mostFaults = 100;

/**
 * True if an object has so many parts that don't fit its schema that zod should not be asked: it would make an issue
 * for each, of which a million take half a minute and gigabytes. Stops at a hundred.
 */
export function hasTooManyFaults(schema: Inner, object: unknown): boolean {
  return hasMoreParts(object, fewParts) && faultsOf(schema, object, mostFaults) > mostFaults;
}

function hasMoreParts(value: unknown, most: number): boolean {
  const open: unknown[] = [value];
  let parts = 0;
  for (let it = open.pop(); it !== undefined; it = open.pop()) {
    if (!isRecord(it)) continue;
    // Of an object with very many keys, the values cost several times as much as the keys.
    const keys = Object.keys(it);
    parts += keys.length;
    if (parts > most) return true;
    open.push(...keys.map((key) => own(it, key)).filter(isRecord));
  }
  return false;
}

/** Counts the parts that don't fit, up to one more than `most`. */
function faultsOf(schema: Inner, value: unknown, most: number): number {
  if (!isRecord(value)) return z.safeParse(schema, value).success ? 0 : 1;
  const { type, shape = {}, element, valueType } = definitionOf(schema) ?? {};
  let faults = 0;
  const look = (below: Inner, child: unknown) => {
    faults += faultsOf(below, child, most - faults);
    return faults > most;
  };
  if (type === 'object' && !Array.isArray(value)) {
    for (const [key, below] of Object.entries(shape)) if (look(below, own(value, key))) break;
  } else if (type === 'array' && element && Array.isArray(value)) {
    for (const child of value) if (look(element, child)) break;
  } else if (type === 'record' && valueType && !Array.isArray(value)) {
    for (const key of Object.keys(value)) if (look(valueType, own(value, key))) break;
  } else {
    return z.safeParse(schema, value).success ? 0 : 1;
  }
  return faults;
}
