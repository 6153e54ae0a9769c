import { RpcError } from '../../csi/transport/codes.ts';
import { status } from '../../csi/transport/status.ts';
import { fail } from '../../lib/errors.ts';

/** The most entries of one page: Go's clients take 4 MiB of a response. */
const largestPage = 5_000;
const prefix = 'after:';

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextToken: string;
}

/**
 * One page of what is listed by name. A token says after which name to go on, so it stays good when that object goes
 * and when new ones come. Throws ABORTED for a token that is none, `invalid` for a negative number of entries.
 */
export function pageOf<T extends { metadata: { name: string } }>(
  all: Iterable<T>,
  { startingToken, maxEntries }: { readonly startingToken: string; readonly maxEntries: number },
): Page<T> {
  if (maxEntries < 0) fail('invalid', `listing: max_entries is ${maxEntries}, and can't be negative`);
  const after = startingToken === '' ? '' : readToken(startingToken);
  const rest = [...all].filter(({ metadata }) => metadata.name > after).sort(byName);
  const count = Math.min(maxEntries || largestPage, largestPage);
  const items = rest.slice(0, count);
  const last = items.at(-1);
  return { items, nextToken: last && rest.length > count ? tokenAfter(last.metadata.name) : '' };
}

function byName(a: { metadata: { name: string } }, b: { metadata: { name: string } }): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

function tokenAfter(name: string): string {
  return Buffer.from(`${prefix}${name}`).toString('base64url');
}

function readToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (text.startsWith(prefix) && tokenAfter(text.slice(prefix.length)) === token) return text.slice(prefix.length);
  throw new RpcError(status.ABORTED, `listing: "${token}" is not a token that was given out; start without one`);
}
