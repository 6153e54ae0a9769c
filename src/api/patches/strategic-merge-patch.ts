import { fail } from '../../lib/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../lib/json.ts';
import { own } from '../../lib/own.ts';
import { shownValue } from '../../lib/text.ts';
import { inOrder, mergeElements } from './strategic-merge-lists.ts';

/** How lists are merged: path without indexes → key field, or '' for a set of plain values. */
type MergeKeys = Readonly<Record<string, string>>;

const patchDirective = '$patch';
const retainKeys = '$retainKeys';
const deleteFromList = '$deleteFromPrimitiveList/';
const setElementOrder = '$setElementOrder/';

/**
 * Applies a strategic merge patch: as a merge patch, but lists that have a merge key are merged element by element,
 * and directives ($patch, $retainKeys, $deleteFromPrimitiveList, $setElementOrder) are followed. Throws `invalid`. The
 * cost grows with the length of both.
 * https://github.com/kubernetes/community/blob/master/contributors/devel/sig-api-machinery/strategic-merge-patch.md
 */
export function strategicMergePatch(target: Json, patch: Json, mergeKeys: MergeKeys): Json {
  return mergeValue(target, patch, '', mergeKeys) ?? {};
}

function mergeValue(target: Json | undefined, patch: Json, path: string, mergeKeys: MergeKeys): Json | undefined {
  if (isJsonObject(patch)) return mergeObject(isJsonObject(target) ? target : {}, patch, path, mergeKeys);
  if (Array.isArray(patch) && own(mergeKeys, path) !== undefined) {
    return mergeList(Array.isArray(target) ? target : [], patch as Json[], undefined, path, mergeKeys);
  }
  return patch;
}

function mergeObject(target: JsonObject, patch: JsonObject, path: string, mergeKeys: MergeKeys): Json | undefined {
  const directive = own(patch, patchDirective);
  if (directive === 'delete') return undefined;
  if (directive === 'replace') return withoutDirectives(patch);
  if (directive !== undefined && directive !== 'merge') {
    fail('invalid', `$patch: ${shownValue(directive)} is not known; use replace, delete or merge`);
  }
  const result: Record<string, Json> = retained(target, own(patch, retainKeys));
  for (const [key, value] of Object.entries(patch)) {
    if (key === '__proto__' || key === patchDirective || key === retainKeys) continue;
    const below = (name: string) => (path === '' ? name : `${path}.${name}`);
    if (key.startsWith(deleteFromList)) {
      const name = key.slice(deleteFromList.length);
      const gone = new Set(listOf(value, key));
      const list = own(result, name);
      if (Array.isArray(list)) result[name] = list.filter((item) => !gone.has(item as Json));
    } else if (key.startsWith(setElementOrder)) {
      const name = key.slice(setElementOrder.length);
      // With a list of changes, the order is applied there.
      const list = own(result, name);
      if (own(patch, name) === undefined && Array.isArray(list)) {
        result[name] = inOrder(list, list, listOf(value, key), own(mergeKeys, below(name)) ?? '');
      }
    } else if (value === null) {
      delete result[key];
    } else {
      const at = below(key);
      const order = own(patch, `${setElementOrder}${key}`);
      const before = own(result, key);
      const merged =
        Array.isArray(value) && own(mergeKeys, at) !== undefined
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
  const mergeKey = own(mergeKeys, path) ?? '';
  const merged = mergeKey === '' ? mergeValues(target, patch) : mergeObjects(target, patch, mergeKey, path, mergeKeys);
  return order === undefined ? merged : inOrder(merged, target, listOf(order, path), mergeKey);
}

function mergeValues(target: readonly Json[], patch: readonly Json[]): Json[] {
  const present = new Set(target);
  return [...target, ...patch.filter((item) => !present.has(item))];
}

function mergeObjects(
  target: readonly Json[],
  patch: readonly Json[],
  mergeKey: string,
  path: string,
  mergeKeys: MergeKeys,
): Json[] {
  const elements = patch.map((element) =>
    isJsonObject(element) ? element : fail('invalid', `${path}: each element must be an object`),
  );
  if (elements.some((element) => element[patchDirective] === 'replace' && own(element, mergeKey) === undefined)) {
    return elements.filter((element) => element[patchDirective] === undefined).map(withoutDirectives);
  }
  const changes = elements.map((element) => {
    const id =
      own(element, mergeKey) ?? fail('invalid', `${path}: an element has no ${mergeKey}, which tells it from others`);
    return [id, element] as const;
  });
  return mergeElements(target, changes, mergeKey, (before, element) => mergeObject(before, element, path, mergeKeys));
}

function retained(target: JsonObject, keys: Json | undefined): Record<string, Json> {
  if (keys === undefined) return { ...target };
  const kept = new Set(listOf(keys, retainKeys));
  return Object.fromEntries(Object.entries(target).filter(([key]) => kept.has(key)));
}

function withoutDirectives(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([key, value]) => !key.startsWith('$') && value !== null));
}

function listOf(value: Json, what: string): readonly Json[] {
  return Array.isArray(value) ? (value as Json[]) : fail('invalid', `${shownValue(what)}: must be a list`);
}
