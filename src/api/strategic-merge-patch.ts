import { fail } from '../lib/errors.ts';
import { isJsonObject, type Json, type JsonObject } from './merge-patch.ts';

/** How lists are merged: path without indexes → key field, or '' for a set of plain values. */
type MergeKeys = Readonly<Record<string, string>>;

const patchDirective = '$patch';
const retainKeys = '$retainKeys';
const deleteFromList = '$deleteFromPrimitiveList/';
const setElementOrder = '$setElementOrder/';

/**
 * Applies a strategic merge patch: as a merge patch, but lists that have a merge key are merged element by element,
 * and directives ($patch, $retainKeys, $deleteFromPrimitiveList, $setElementOrder) are followed. Throws `invalid`.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function strategicMergePatch(target: Json, patch: Json, mergeKeys: MergeKeys): Json {
  return mergeValue(target, patch, '', mergeKeys) ?? {};
}

function mergeValue(target: Json | undefined, patch: Json, path: string, mergeKeys: MergeKeys): Json | undefined {
  if (isJsonObject(patch)) return mergeObject(isJsonObject(target) ? target : {}, patch, path, mergeKeys);
  if (Array.isArray(patch) && mergeKeys[path] !== undefined) {
    return mergeList(Array.isArray(target) ? target : [], patch as Json[], undefined, path, mergeKeys);
  }
  return patch;
}

function mergeObject(target: JsonObject, patch: JsonObject, path: string, mergeKeys: MergeKeys): Json | undefined {
  const directive = patch[patchDirective];
  if (directive === 'delete') return undefined;
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive !== undefined && directive !== 'merge') {
    fail('invalid', `$patch: ${JSON.stringify(directive)} is not known; use replace, delete or merge`);
  }
  const result: Record<string, Json> = retained(target, patch[retainKeys]);
  for (const [key, value] of Object.entries(patch)) {
    if (key === '__proto__' || key === patchDirective || key === retainKeys) continue;
    const below = (name: string) => (path === '' ? name : `${path}.${name}`);
    if (key.startsWith(deleteFromList)) {
      const name = key.slice(deleteFromList.length);
      const gone = listOf(value, key);
      const list = result[name];
      if (Array.isArray(list)) result[name] = list.filter((item) => !gone.includes(item as Json));
    } else if (key.startsWith(setElementOrder)) {
      const name = key.slice(setElementOrder.length);
      // With a list of changes, the order is applied there.
      const list = result[name];
      if (patch[name] === undefined && Array.isArray(list)) {
        result[name] = inOrder(list, list, listOf(value, key), mergeKeys[below(name)] ?? '');
      }
    } else if (value === null) {
      delete result[key];
    } else {
      const at = below(key);
      const order = patch[`${setElementOrder}${key}`];
      const before = result[key];
      const merged =
        Array.isArray(value) && mergeKeys[at] !== undefined
          ? mergeList(Array.isArray(before) ? before : [], value as Json[], order, at, mergeKeys)
          : mergeValue(before, value, at, mergeKeys);
      if (merged === undefined) delete result[key];
      else result[key] = merged;
    }
  }
  return result;
}

function mergeList(
  target: readonly Json[],
  patch: readonly Json[],
  order: Json | undefined,
  path: string,
  mergeKeys: MergeKeys,
): Json[] {
  const mergeKey = mergeKeys[path] ?? '';
  if (mergeKey === '') {
    const merged = [...target, ...patch.filter((item) => !target.includes(item))];
    return order === undefined ? merged : inOrder(merged, target, listOf(order, path), '');
  }
  const elements = patch.map((element) =>
    isJsonObject(element) ? element : fail('invalid', `${path}: each element must be an object`),
  );
  if (elements.some((element) => element[patchDirective] === 'replace' && element[mergeKey] === undefined)) {
    return elements.filter((element) => element[patchDirective] === undefined).map(withoutDirectives);
  }
  const result = [...target];
  for (const element of elements) {
    const id =
      element[mergeKey] ?? fail('invalid', `${path}: an element has no ${mergeKey}, which tells it from others`);
    const place = result.findIndex((item) => isJsonObject(item) && item[mergeKey] === id);
    const merged = mergeObject(place < 0 ? {} : (result[place] as JsonObject), element, path, mergeKeys);
    if (merged === undefined) {
      if (place >= 0) result.splice(place, 1);
    } else if (place < 0) {
      result.push(merged);
    } else {
      result[place] = merged;
    }
  }
  return order === undefined ? result : inOrder(result, target, listOf(order, path), mergeKey);
}

/** The patch's elements in the order that it asks for; the others keep their places among those that were there. */
function inOrder(list: readonly Json[], before: readonly Json[], order: readonly Json[], mergeKey: string): Json[] {
  const idOf = (item: Json | undefined) => (mergeKey !== '' && isJsonObject(item) ? item[mergeKey] : item);
  const wanted = order.map(idOf);
  const ordered = list
    .filter((item) => wanted.includes(idOf(item)))
    .sort((one, other) => wanted.indexOf(idOf(one)) - wanted.indexOf(idOf(other)));
  const others = list.filter((item) => !wanted.includes(idOf(item)));
  const placeBefore = (item: Json | undefined) => before.findIndex((it) => idOf(it) === idOf(item));
  const result: Json[] = [];
  while (ordered.length > 0 && others.length > 0) {
    const mine = placeBefore(ordered[0]);
    const next = mine >= 0 && mine > placeBefore(others[0]) ? others.shift() : ordered.shift();
    if (next !== undefined) result.push(next);
  }
  return [...result, ...ordered, ...others];
}

function retained(target: JsonObject, keys: Json | undefined): Record<string, Json> {
  if (keys === undefined) return { ...target };
  const kept = listOf(keys, retainKeys);
  return Object.fromEntries(Object.entries(target).filter(([key]) => kept.includes(key)));
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([key, value]) => !key.startsWith('$') && value !== null));
}

function listOf(value: Json, what: string): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : fail('invalid', `${what}: must be a list`);
}
