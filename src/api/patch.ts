import { applyPatch as applyJsonPatch, type Operation } from 'rfc6902';
import { fail } from '../lib/errors.ts';
import { type Kind, resourceOf } from '../model/kind.ts';
import type { KubeObject } from '../model/object.ts';
import type { Patch } from './api.ts';
import { type Json, mergePatch } from './merge-patch.ts';
import { refuse } from './status.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

/**
 * The object with the patch applied; `object` may be changed and must not be used after. Throws `invalid` for a patch
 * that can't be applied, `unsupported` for a strategic one of a kind that takes none.
 */
export function applyPatch<T extends KubeObject>(kind: Kind<T>, object: T, patch: Patch): T {
  const what = `patching ${resourceOf(kind)} "${object.metadata.name}"`;
  const patched = patchedJson(kind, what, object as unknown as Json, patch);
  const metadata = isObject(patched) ? patched['metadata'] : undefined;
  if (!isObject(metadata) || typeof metadata['name'] !== 'string') fail('invalid', `${what}: the result has no name`);
  // What comes from outside is parsed by the kind's schema next.
  return patched as unknown as T;
}

function patchedJson(kind: Pick<Kind, 'mergeKeys'>, what: string, object: Json, { type, body }: Patch): Json {
  switch (type) {
    case 'json':
      return jsonPatch(what, object, body);
    case 'merge':
      if (!isObject(body)) return fail('invalid', `${what}: a merge patch must be an object`);
      return mergePatch(object, body as Json);
    case 'strategic':
      if (!isObject(body)) return fail('invalid', `${what}: a strategic merge patch must be an object`);
      return strategicMergePatch(
        object,
        body as Json,
        kind.mergeKeys ??
          fail(
            'unsupported',
            `${what}: strategic merge patch is not supported for this kind; use --type=merge or --type=json`,
          ),
      );
  }
}

/** RFC 6902: all operations, or none. */
function jsonPatch(what: string, object: Json, body: unknown): Json {
  if (!Array.isArray(body)) return fail('invalid', `${what}: a JSON patch must be a list of operations`);
  const operations = body as Operation[];
  for (const operation of operations) {
    if (!isObject(operation) || typeof operation.op !== 'string' || typeof operation.path !== 'string') {
      fail('invalid', `${what}: each operation of a JSON patch needs op and path`);
    }
  }
  const errors = applyJsonPatch(object, operations);
  const [at, error] = [...errors.entries()].find(([, it]) => it !== null) ?? [];
  if (error) {
    const operation = JSON.stringify(operations[at ?? 0]);
    refuse(422, 'Invalid', `${what}: operation ${at} (${operation}) failed: ${error.message || error.name}`, {});
  }
  return object;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
