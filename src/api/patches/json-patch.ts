import { copyOf, deepestNesting, isDeeperThan, isJsonObject, type Json, sizeOf } from '../../lib/json.ts';
import { refuse } from '../status.ts';
import { indexOf, member, type Place, placeAt, pointerParts } from './json-pointer.ts';

/** What one patch may ask for: the first two as Kubernetes has them, `work` in list places moved and keys looked at. */
export const jsonPatchLimits = { operations: 10_000, copiedBytes: 3 * 1024 * 1024, work: 20_000_000 } as const;

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly from?: string | undefined;
  readonly value?: Json | undefined;
}

/**
 * Applies a JSON patch (RFC 6902) as Kubernetes does: all of it or nothing; a negative index counts from a list's end,
 * and `replace` of a key that is not there adds it. Reaches only what is data, never what an object inherits. `target`
 * is changed and must not be used after. Throws what a Kubernetes API answers: 400 for what is no patch, 413 for too
 * many operations, 422 for one that can't be applied. No message repeats a value.
 */
export function jsonPatch(target: Json, body: unknown): Json {
  const operations = operationsOf(body);
  const state = new Patching(target);
  for (const [index, operation] of operations.entries()) {
    const problem = state.apply(operation);
    if (problem !== undefined) rejected(`operation ${index} (${shown(operation.op)}): ${problem}`);
  }
  if (isDeeperThan(state.document, deepestNesting)) rejected(`the result is nested more than ${deepestNesting} deep`);
  return state.document;
}

function operationsOf(body: unknown): readonly Operation[] {
  if (!Array.isArray(body)) return undecodable('a JSON patch must be a list of operations');
  const { operations } = jsonPatchLimits;
  if (body.length > operations) {
    const message = `The allowed maximum operations in a JSON patch is ${operations}, got ${body.length}`;
    refuse(413, 'RequestEntityTooLarge', `Request entity too large: ${message}`, {});
  }
  return body.map((it: Json, index) => {
    const { op, path, from, value } = isJsonObject(it) ? ownFields(it) : undecodable(`operation ${index} is no object`);
    if (typeof op !== 'string') return undecodable(`operation ${index} needs op, a text`);
    if (typeof path !== 'string') return undecodable(`operation ${index} (${shown(op)}) needs path, a JSON pointer`);
    if (from !== undefined && typeof from !== 'string')
      return undecodable(`operation ${index} (${shown(op)}): from must be a JSON pointer`);
    return { op, path, from, value };
  });
}

function ownFields(operation: { readonly [key: string]: Json }): Partial<Record<keyof Operation, Json>> {
  return Object.fromEntries(Object.entries(operation).filter(([, value]) => value !== undefined));
}

/** A document in the course of a patch. Each operation returns what is wrong, or undefined. */
class Patching {
  document: Json;
  #copied = 0;
  #work = 0;

  constructor(document: Json) {
    this.document = document;
  }

  apply({ op, path, from, value }: Operation): string | undefined {
    switch (op) {
      case 'add':
        return value === undefined ? needs('value') : this.#add(path, copyOf(value));
      case 'remove':
        return this.#remove(path);
      case 'replace':
        return value === undefined ? needs('value') : this.#replace(path, copyOf(value));
      case 'move':
        return from === undefined ? needs('from') : this.#move(from, path);
      case 'copy':
        return from === undefined ? needs('from') : this.#copy(from, path);
      case 'test':
        return value === undefined ? needs('value') : this.#test(path, value);
      default:
        return 'there is no such operation; use add, remove, replace, move, copy or test';
    }
  }

  #add(path: string, value: Json): string | undefined {
    const { place, name } = this.#find(path) ?? {};
    if (!place || name === undefined) return `doc is missing path: ${shown(path)}`;
    if (!Array.isArray(place)) return this.#set(place, name, value);
    // The place behind the last one is one, too.
    const index = name === '-' ? place.length : indexOf(name, place.length + 1);
    if (index === undefined) return `Unable to access invalid index: ${shown(path)}`;
    place.splice(index, 0, value);
    return this.#spend(place.length - index);
  }

  #remove(path: string): string | undefined {
    const { place, name } = this.#find(path) ?? {};
    if (!place || name === undefined) return `doc is missing path: ${shown(path)}`;
    if (!Array.isArray(place)) {
      if (!Object.hasOwn(place, name)) return `Unable to remove nonexistent key: ${shown(path)}`;
      delete place[name];
      return this.#spend(1);
    }
    const index = indexOf(name, place.length);
    if (index === undefined) return `Unable to access invalid index: ${shown(path)}`;
    place.splice(index, 1);
    return this.#spend(place.length - index + 1);
  }

  #replace(path: string, value: Json): string | undefined {
    if (path === '') {
      this.document = value;
      return undefined;
    }
    const { place, name } = this.#find(path) ?? {};
    if (!place || name === undefined) return `doc is missing path: ${shown(path)}`;
    if (!Array.isArray(place)) return this.#set(place, name, value);
    const index = indexOf(name, place.length);
    if (index === undefined) return `doc is missing key: ${shown(path)}`;
    place[index] = value;
    return undefined;
  }

  #move(from: string, path: string): string | undefined {
    const value = this.#get(from);
    if (value === undefined) return `doc is missing from path: ${shown(from)}`;
    return this.#remove(from) ?? this.#add(path, value);
  }

  #copy(from: string, path: string): string | undefined {
    const value = this.#get(from);
    if (value === undefined) return `doc is missing from path: ${shown(from)}`;
    const { copiedBytes } = jsonPatchLimits;
    this.#copied += sizeOf(value, copiedBytes - this.#copied);
    if (this.#copied > copiedBytes) {
      return `Unable to complete the copy, the accumulated size increase of copy exceeds the limit ${copiedBytes}`;
    }
    return this.#add(path, copyOf(value));
  }

  #test(path: string, value: Json): string | undefined {
    // As in Kubernetes, what is not there is null.
    const found = path === '' ? this.document : (this.#get(path) ?? null);
    const equal = this.#equal(found, value);
    return this.#spend(0) ?? (equal ? undefined : `testing value ${shown(path)} failed`);
  }

  /** Looks at no more than `wanted` has, and at the keys of what is compared with it. */
  #equal(found: Json | undefined, wanted: Json): boolean {
    if (found === wanted) return true;
    if (Array.isArray(wanted)) {
      const list: readonly Json[] = wanted;
      return Array.isArray(found) && found.length === list.length && list.every((it, at) => this.#equal(found[at], it));
    }
    if (!isJsonObject(found) || !isJsonObject(wanted) || this.#spend(1) !== undefined) return false;
    const keys = Object.keys(found);
    this.#spend(keys.length);
    const entries = Object.entries(wanted);
    return (
      entries.length === keys.length &&
      entries.every(([key, value]) => Object.hasOwn(found, key) && this.#equal(found[key], value))
    );
  }

  #set(place: { [key: string]: Json }, name: string, value: Json): string | undefined {
    if (name === '__proto__') return 'the key __proto__ can not be used';
    place[name] = value;
    return undefined;
  }

  #get(path: string): Json | undefined {
    const { place, name } = this.#find(path) ?? {};
    return place && name !== undefined ? member(place, name) : undefined;
  }

  #find(path: string): { readonly place: Place | undefined; readonly name: string | undefined } | undefined {
    const parts = pointerParts(path);
    return parts && { place: placeAt(this.document, parts.slice(0, -1)), name: parts.at(-1) };
  }

  /** Takes from what the patch may cost; says so if that is used up. */
  #spend(work: number): string | undefined {
    this.#work += work;
    return this.#work > jsonPatchLimits.work
      ? 'the patch takes too much work: split it, or send the object'
      : undefined;
  }
}

function needs(field: 'value' | 'from'): string {
  return `the operation needs ${field}`;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

function undecodable(why: string): never {
  return refuse(400, 'BadRequest', `error decoding patch: ${why}`);
}

function rejected(why: string): never {
  return refuse(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`, {});
}
