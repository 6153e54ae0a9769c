import { isJsonObject, type Json, type JsonObject } from '../../lib/json.ts';
import { own } from '../../lib/own.ts';

/**
 * A list with elements changed, added and, where `merge` returns undefined, removed. Each change is of the first element
 * whose key field has that value.
 */
export function mergeElements(
  target: readonly Json[],
  changes: readonly (readonly [id: Json, element: JsonObject])[],
  mergeKey: string,
  merge: (before: JsonObject, element: JsonObject) => Json | undefined,
): Json[] {
  const result: (Json | undefined)[] = [...target];
  const places = new Map<Json, number[]>();
  const put = (id: Json | undefined, place: number) => {
    if (id === undefined) return;
    const known = places.get(id);
    if (known) known.push(place);
    else places.set(id, [place]);
  };
  // From behind, so that the first of several is the last in its list of places.
  for (let at = target.length - 1; at >= 0; at -= 1) put(idOf(target[at], mergeKey), at);
  for (const [id, element] of changes) {
    const place = places.get(id)?.at(-1);
    const before = place === undefined ? undefined : result[place];
    const merged = merge(isJsonObject(before) ? before : {}, element);
    if (place === undefined) {
      if (merged !== undefined) put(id, result.push(merged) - 1);
    } else {
      result[place] = merged;
      if (merged === undefined) places.get(id)?.pop();
    }
  }
  return result.filter((item) => item !== undefined);
}

/** The patch's elements in the order that it asks for; the others keep their places among those that were there. */
export function inOrder(
  list: readonly Json[],
  before: readonly Json[],
  order: readonly Json[],
  mergeKey: string,
): Json[] {
  const identity = (item: Json | undefined) => (mergeKey === '' ? item : (idOf(item, mergeKey) ?? item));
  const wanted = firstPlaces(order.map(identity));
  const placesBefore = firstPlaces(before.map(identity));
  const placeIn = (places: ReadonlyMap<Json | undefined, number>, item: Json | undefined) =>
    places.get(identity(item)) ?? -1;
  const ordered = list
    .filter((item) => wanted.has(identity(item)))
    .sort((one, other) => placeIn(wanted, one) - placeIn(wanted, other));
  const others = list.filter((item) => !wanted.has(identity(item)));
  const result: Json[] = [];
  let mine = 0;
  let next = 0;
  while (mine < ordered.length && next < others.length) {
    const place = placeIn(placesBefore, ordered[mine]);
    const item = place >= 0 && place > placeIn(placesBefore, others[next]) ? others[next++] : ordered[mine++];
    if (item !== undefined) result.push(item);
  }
  return result.concat(ordered.slice(mine), others.slice(next));
}

function idOf(item: Json | undefined, mergeKey: string): Json | undefined {
  return isJsonObject(item) ? own(item, mergeKey) : undefined;
}

function firstPlaces(items: readonly (Json | undefined)[]): Map<Json | undefined, number> {
  const places = new Map<Json | undefined, number>();
  for (const [at, item] of items.entries()) if (!places.has(item)) places.set(item, at);
  return places;
}
