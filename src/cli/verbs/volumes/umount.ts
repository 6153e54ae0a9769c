import { resolve } from 'node:path';
import type { Api } from '../../../api/api.ts';
import { fail } from '../../../lib/errors.ts';
import { type Mount, mounts } from '../../../model/kinds/index.ts';
import { refTo } from '../../../model/object.ts';
import { connect, namespaceOf } from '../../connection.ts';
import { readTimeout } from '../../objects/claims.ts';
import { unmount } from '../../objects/mounts.ts';
import { requireMounts } from '../../objects/served-kinds.ts';
import { Progress } from '../../output/progress.ts';
import type { Call } from '../../verb.ts';

/** Unmounts what is at a path, or the Mount of a name, and waits until it is gone. */
export async function umount({ args, flags, terminal }: Call): Promise<number> {
  const [what = ''] = args;
  await using api = await connect(flags);
  using progress = new Progress(terminal, `unmounting ${what}`);
  await requireMounts(api, `unmounting ${what}`);
  const found = await find(api, namespaceOf(flags, api), what);
  await unmount(api, refTo(found), progress, readTimeout(flags.timeout));
  progress[Symbol.dispose]();
  terminal.out(`${found.spec.path} is unmounted.`);
  return 0;
}

async function find(api: Api, namespace: string, what: string): Promise<Mount> {
  const named = what.includes('/') ? undefined : await api.get(mounts, { namespace, name: what });
  if (named) return named;
  const path = resolve(what);
  const { items } = await api.list(mounts);
  const known = items.map(({ spec, metadata }) => `${spec.path} (${metadata.name})`).join(', ') || 'none';
  return (
    items.find(({ spec }) => spec.path === path) ??
    fail('not-found', `there is no Mount ${what} in namespace ${namespace}, and none at ${path}; there are: ${known}`)
  );
}
