import { posix, resolve } from 'node:path';
import { fail } from '../../lib/errors.ts';

/** One --claim of `moorage run`: which claim, and where the program sees it. */
export interface Binding {
  readonly claim: string;
  readonly path: string;
  readonly readOnly: boolean;
}

/** Reads NAME:PATH[:ro]. Throws `invalid`, also for two claims at one path. */
export function readBindings(texts: readonly string[]): Binding[] {
  if (texts.length === 0) fail('invalid', 'name at least one claim: moorage run --claim NAME:PATH -- PROGRAM …');
  const bindings = texts.map(readBinding);
  for (const { path } of bindings) {
    if (bindings.filter((it) => it.path === path).length > 1) fail('invalid', `two claims can't both be at ${path}`);
  }
  // Outer paths first, so that an inner one is not hidden.
  return bindings.sort((a, b) => a.path.length - b.path.length);
}

function readBinding(text: string): Binding {
  // What follows a last colon without a slash is meant as a mode: taken for a part of the path, a misspelt ":ro" would write.
  const [, claim, path, mode = 'rw'] = /^([^:]+):(.+?)(?::([^:/]*))?$/.exec(text) ?? [];
  if (!claim || !path) return fail('invalid', `--claim ${text}: write NAME:PATH, or NAME:PATH:ro, as in data:/data`);
  if (mode !== 'ro' && mode !== 'rw') {
    fail(
      'invalid',
      `--claim ${text}: "${mode}" is no mode: write NAME:PATH:ro to read only, NAME:PATH or NAME:PATH:rw else`,
    );
  }
  const absolute = posix.normalize(resolve(path)).replace(/\/$/, '');
  if (!absolute) return fail('invalid', `--claim ${text}: a volume can't stand in the place of /`);
  return { claim, path: absolute, readOnly: mode === 'ro' };
}

/** The variable that tells the program where a claim is: MOORAGE_CLAIM_MY_DATA for claim my-data. */
export function variableOf(claim: string): string {
  return `MOORAGE_CLAIM_${claim.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}
