import type { Json } from '../../lib/json.ts';

/** JSON data that may be changed in place. */
export type Place = Json[] | { [key: string]: Json };

/** The parts of a JSON pointer (RFC 6901), decoded; undefined if the text is none. */
export function pointerParts(pointer: string): string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Where a path leads, one step before its end. Undefined if there is nothing that could have members. */
export function placeAt(document: Json, parents: readonly string[]): Place | undefined {
  let at: Json | undefined = document;
  for (const part of parents) {
    if (!isPlace(at)) return undefined;
    at = member(at, part);
  }
  return isPlace(at) ? at : undefined;
}

/** A member of an object or a list; undefined if it has none of that name itself, whatever its prototype has. */
export function member(place: Place, name: string): Json | undefined {
  if (!Array.isArray(place)) return Object.hasOwn(place, name) ? place[name] : undefined;
  const index = indexOf(name, place.length);
  return index === undefined ? undefined : place[index];
}

/** An index below `length`; as in Kubernetes, negative ones count from the end. Undefined if it is none. */
export function indexOf(name: string, length: number): number | undefined {
  if (!/^[+-]?\d{1,15}$/.test(name)) return undefined;
  const index = Number(name) < 0 ? Number(name) + length : Math.abs(Number(name));
  return index >= 0 && index < length ? index : undefined;
}

function isPlace(value: Json | undefined): value is Place {
  return typeof value === 'object' && value !== null;
}
