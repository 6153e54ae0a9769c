import { refuse } from '../../api/status.ts';
import type { ApiRequest } from '../wire/exchange.ts';
import { accountGroups, accountOf } from './account-names.ts';
import { anonymousName, authenticatedGroup, type User, unauthenticatedGroup } from './authentication.ts';
import type { Attributes } from './authorization.ts';

/**
 * Who a request is to be answered for: its sender, or whom it names (`kubectl --as`, the headers `Impersonate-…`), if
 * `permit` lets the sender do the verb `impersonate` on each name, group and attribute; it throws if not.
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation
 */
export function impersonated(
  { rawHeaders }: Pick<ApiRequest, 'rawHeaders'>,
  sender: User,
  permit: (attributes: Attributes) => void,
): User {
  const wanted = wantedOf(rawHeaders);
  if (!wanted) return sender;
  const { name, uid, extra } = wanted;
  if (name === undefined) {
    refuse(
      400,
      'BadRequest',
      `requested ${JSON.stringify(wanted)} without impersonating a user: name one with --as`,
      {},
    );
  }
  const may = (resource: string, of: string, rest: { readonly [key: string]: string | undefined } = {}) =>
    permit({ verb: 'impersonate', group: '', resource, name: of, ...rest });
  const account = accountOf(name);
  if (account) may('serviceaccounts', account.name, { namespace: account.namespace });
  else may('users', name);
  for (const group of wanted.groups) may('groups', group);
  const group = 'authentication.k8s.io';
  for (const [key, values] of Object.entries(extra))
    for (const value of values) may('userextras', value, { group, subresource: key });
  if (uid !== undefined) may('uids', uid, { group });
  const own = account && wanted.groups.length === 0 ? accountGroups(account.namespace) : wanted.groups;
  const everybody = name === anonymousName ? unauthenticatedGroup : authenticatedGroup;
  return {
    name,
    groups: own.includes(everybody) ? own : [...own, everybody],
    ...(sender.until !== undefined && { until: sender.until }),
    ...(uid !== undefined && { uid }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

interface Wanted {
  readonly name: string | undefined;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** As they were sent: a header that comes twice has two values, each of which may have commas. */
function wantedOf(rawHeaders: readonly string[]): Wanted | undefined {
  let found = false;
  let name: string | undefined;
  let uid: string | undefined;
  const groups: string[] = [];
  const extra = new Map<string, string[]>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at]?.toLowerCase() ?? '';
    if (!/^impersonate[-_]/.test(header)) continue;
    const value = rawHeaders[at + 1] ?? '';
    found = true;
    if (header === 'impersonate-user' && value !== '') name = value;
    else if (header === 'impersonate-uid' && value !== '') uid = value;
    else if (header === 'impersonate-group' && value !== '') groups.push(value);
    else if (header.startsWith(extraPrefix) && header.length > extraPrefix.length) {
      const key = unescaped(header.slice(extraPrefix.length));
      extra.set(key, [...(extra.get(key) ?? []), value]);
    } else {
      // Passed over, it would be answered as if its sender had asked for less.
      refuse(400, 'BadRequest', `the header ${header.slice(0, 100)} says nothing of whom to act as; leave it out`, {});
    }
  }
  return found ? { name, uid, groups, extra: Object.fromEntries(extra) } : undefined;
}

const extraPrefix = 'impersonate-extra-';

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
