/** A ServiceAccount. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

const prefix = 'system:serviceaccount:';

/** The user that a ServiceAccount is. */
export function accountUser({ namespace, name }: Account): string {
  return `${prefix}${namespace}:${name}`;
}

/** The ServiceAccount that a user is; undefined for other users. */
export function accountOf(user: string): Account | undefined {
  const [namespace, name, ...more] = user.startsWith(prefix) ? user.slice(prefix.length).split(':') : [];
  return namespace && name && more.length === 0 ? { namespace, name } : undefined;
}

/** The groups of every ServiceAccount, and of those of its namespace. */
export function accountGroups(namespace: string): string[] {
  return ['system:serviceaccounts', `system:serviceaccounts:${namespace}`];
}
