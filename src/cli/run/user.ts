import { fail } from '../../lib/errors.ts';
import { exec } from '../../lib/exec.ts';

/** Who a program runs as, in numbers; `setpriv` are its arguments. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly setpriv: readonly string[];
}

/** Reads `user` or `user:group`, each a name or a number; without a group it is the user's own, with its others. */
export async function readUser(text: string): Promise<User> {
  const [user, group, ...rest] = text.split(':');
  if (!user || group === '' || rest.length > 0) fail('invalid', `--user ${text}: write a user, or user:group`);
  const uid = await idOf('-u', user);
  const gid = group === undefined ? await idOf('-g', user) : await groupOf(group);
  const groups = group === undefined && !/^\d+$/.test(user) ? '--init-groups' : '--clear-groups';
  return { uid, gid, setpriv: [`--reuid=${user}`, `--regid=${gid}`, groups] };
}

async function idOf(flag: '-u' | '-g', user: string): Promise<number> {
  if (/^\d+$/.test(user)) return Number(user);
  const { code, stdout } = await exec(['id', flag, '--', user], { ok: [0, 1] });
  return code === 0 ? Number(stdout.trim()) : fail('not-found', `--user ${user}: this machine has no such user`);
}

async function groupOf(group: string): Promise<number> {
  if (/^\d+$/.test(group)) return Number(group);
  const { code, stdout } = await exec(['getent', 'group', '--', group], { ok: [0, 2] });
  return code === 0
    ? Number(stdout.split(':')[2])
    : fail('not-found', `--user …:${group}: this machine has no such group`);
}
