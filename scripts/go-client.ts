import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const source = join(root, 'test/go-client');

/** The program of test/go-client/client: where it goes, and how it is built where it is not there yet. */
export function goClient(): { readonly file: string; readonly build: readonly [string, ...string[]] } {
  const hash = createHash('sha256');
  for (const name of globSync('{go.*,client/*.go}', { cwd: source }).sort())
    hash.update(readFileSync(join(source, name)));
  // Another source is another program: one that was built of the old one is never taken for it.
  const file = join(root, `.cache/bin/go-client-${hash.digest('hex').slice(0, 12)}`);
  return { file, build: ['go', 'build', '-C', source, '-ldflags=-s -w', '-o', file, './client'] };
}
