import { fail } from '../../lib/errors.ts';
import { isJsonObject, type Json } from '../../lib/json.ts';
import { type Kind, resourceOf } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';
import type { Patch } from '../api.ts';
import { jsonPatch } from './json-patch.ts';
import { mergePatch } from './merge-patch.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

/**
 * The object with the patch applied; `object` may be changed and must not be used after. Throws `invalid` for a patch
 * that can't be applied, `unsupported` for a strategic one of a kind that takes none.
 */
export function applyPatch<T extends KubeObject>(kind: Kind<T>, object: T, patch: Patch): T {
  const what = `patching ${resourceOf(kind)} "${object.metadata.name}"`;
  const patched = patchedJson(kind, what, object as unknown as Json, patch);
  const metadata = isJsonObject(patched) ? patched['metadata'] : undefined;
  if (!isJsonObject(metadata) || typeof metadata['name'] !== 'string')
    fail('invalid', `${what}: the result has no name`);
  // What comes from outside is parsed by the kind's schema next.
  return patched as unknown as T;
}

function patchedJson(kind: Pick<Kind, 'mergeKeys'>, what: string, object: Json, { type, body }: Patch): Json {
  switch (type) {
    case 'json':
      return jsonPatch(object, body);
    case 'merge':
      if (!isJsonObject(body as Json)) return fail('invalid', `${what}: a merge patch must be an object`);
      return mergePatch(object, body as Json);
    case 'strategic':
      if (!isJsonObject(body as Json)) return fail('invalid', `${what}: a strategic merge patch must be an object`);
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
