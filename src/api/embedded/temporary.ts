import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silent } from '../../lib/log.ts';
import type { Kind } from '../../model/kind.ts';
import { allKinds } from '../../model/kinds/index.ts';
import { type EmbeddedApi, openEmbeddedApi } from './embedded-api.ts';

/** An embedded API in a directory of its own, for tests; disposing of it removes the directory. */
export interface TemporaryApi extends AsyncDisposable {
  readonly api: EmbeddedApi;
  readonly dir: string;
  readonly file: string;
}

/** Opens an empty embedded API for a test. */
export async function openTemporaryApi(kinds: readonly Kind[] = allKinds): Promise<TemporaryApi> {
  const dir = await mkdtemp(join(tmpdir(), 'moorage-store-'));
  const file = join(dir, 'store.db');
  const api = await openEmbeddedApi({ file, log: silent, kinds });
  return {
    api,
    dir,
    file,
    [Symbol.asyncDispose]: async () => {
      await api[Symbol.asyncDispose]();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
