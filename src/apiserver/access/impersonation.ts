import { refuse } from '../../api/status.ts';
import type { ApiRequest } from '../wire/exchange.ts';
import type { User } from './authentication.ts';

/**
 * Refuses a request that wants to be answered as if somebody else had sent it (`kubectl --as`, the headers
 * `Impersonate-…`): answered as its sender, it would do what that somebody may not.
 */
export function refuseImpersonation({ rawHeaders }: Pick<ApiRequest, 'rawHeaders'>, { name }: User): void {
  const header = rawHeaders.find((text, at) => at % 2 === 0 && /^impersonate[-_]/i.test(text));
  if (header === undefined) return;
  const why = `User "${name}" cannot act as somebody else: impersonation is not served`;
  refuse(403, 'Forbidden', `forbidden: ${why}; leave out --as and the like, or the header ${header}`, {});
}
