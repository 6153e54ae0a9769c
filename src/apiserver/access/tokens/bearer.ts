import type { Authenticator } from '../authentication.ts';
import type { AccountTokens } from './account-tokens.ts';

/** Knows those who send a good token (`Authorization: Bearer …`, RFC 6750). */
export function bearerTokens(tokens: AccountTokens): Authenticator {
  return ({ headers: { authorization } }) => {
    const [, token] = /^bearer +(\S+)\s*$/i.exec(authorization ?? '') ?? [];
    const answer = token === undefined ? undefined : tokens.review(token);
    return answer && 'user' in answer ? answer.user : undefined;
  };
}
