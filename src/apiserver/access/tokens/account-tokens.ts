import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Api } from '../../../api/api.ts';
import { nodes, pods, secrets, serviceAccounts } from '../../../model/kinds/index.ts';
import type { KubeObject } from '../../../model/object.ts';
import { accountGroups, accountUser } from '../account-names.ts';
import type { User } from '../authentication.ts';
import { authenticatedGroup } from '../authentication.ts';
import type { TokenAnswer } from '../reviews.ts';
import { signToken, type TokenKey, verifiedClaims } from './jwt.ts';

/** Who issues the tokens, and the audience of those that are for the API itself: the names that they have in a cluster. */
export const issuer = 'https://kubernetes.default.svc.cluster.local';

const named = z.object({ name: z.string(), uid: z.string() });
/** The kinds of object whose end may be a token's, by the name of their claim. */
const boundKinds = ['pod', 'secret', 'node'] as const;
const claimsSchema = z.object({
  iss: z.literal(issuer),
  aud: z.array(z.string()),
  exp: z.number(),
  nbf: z.number(),
  jti: z.string(),
  'kubernetes.io': z.object({
    namespace: z.string(),
    serviceaccount: named,
    pod: named.optional(),
    secret: named.optional(),
    node: named.optional(),
  }),
});
type Claims = z.infer<typeof claimsSchema>;

/** What a token is made from. */
export interface TokenWish {
  readonly account: KubeObject;
  readonly audiences: readonly string[];
  readonly seconds: number;
  readonly bound?:
    | { readonly kind: (typeof boundKinds)[number]; readonly name: string; readonly uid: string }
    | undefined;
}

/** So many tokens are remembered as well signed: looking at a signature costs more than a small request. */
const mostRemembered = 1_000;
/** Seconds that another clock may be behind. */
const leeway = 10;

/** The tokens of ServiceAccounts: bounded in time, and worth nothing once the account or the object they name is gone. */
export class AccountTokens {
  readonly key: TokenKey;
  readonly #api: Pick<Api, 'informer'>;
  readonly #signed = new Map<string, Claims>();

  constructor(api: Pick<Api, 'informer'>, key: TokenKey) {
    this.#api = api;
    this.key = key;
  }

  /** Makes a token, and says when it ends. */
  issue({ account, audiences, seconds, bound }: TokenWish): { readonly token: string; readonly until: Date } {
    const { name, namespace = '', uid = '' } = account.metadata;
    const now = Math.floor(Date.now() / 1_000);
    const exp = now + seconds;
    const token = signToken(this.key, {
      aud: audiences,
      exp,
      iat: now,
      iss: issuer,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        serviceaccount: { name, uid },
        ...(bound && { [bound.kind]: { name: bound.name, uid: bound.uid } }),
      },
      nbf: now,
      sub: accountUser({ namespace, name }),
    });
    return { token, until: new Date(exp * 1_000) };
  }

  /** Who has the token, and for which of the audiences it is; without any, for the API's own. */
  readonly review = (token: string, audiences: readonly string[] = []): TokenAnswer => {
    const claims = this.#claimsOf(token);
    if (!claims) return { error: 'invalid bearer token' };
    const now = Date.now() / 1_000;
    if (now > claims.exp) return { error: 'service account token has expired' };
    if (now < claims.nbf - leeway) return { error: 'service account token is not valid yet' };
    const wanted = audiences.length > 0 ? audiences : [issuer];
    const fitting = wanted.filter((one) => claims.aud.includes(one));
    if (fitting.length === 0) {
      const [has, wants] = [claims.aud, wanted].map((list) => JSON.stringify(list));
      return { error: `token audiences ${has} is invalid for the target audiences ${wants}` };
    }
    const gone = this.#goneOf(claims);
    return gone ? { error: gone } : { user: userOf(claims), audiences: fitting };
  };

  #claimsOf(token: string): Claims | undefined {
    const known = this.#signed.get(token);
    if (known) return known;
    const claims = claimsSchema.safeParse(verifiedClaims(this.key, token));
    if (!claims.success) return undefined;
    const [oldest] = this.#signed.keys();
    if (this.#signed.size >= mostRemembered && oldest !== undefined) this.#signed.delete(oldest);
    this.#signed.set(token, claims.data);
    return claims.data;
  }

  /** What of all that the token names is not there any more. */
  #goneOf({ 'kubernetes.io': { namespace, serviceaccount, pod, secret, node } }: Claims): string | undefined {
    const isThere = (found: KubeObject | undefined, { uid }: { readonly uid: string }) => found?.metadata.uid === uid;
    const { name } = serviceaccount;
    if (!isThere(this.#api.informer(serviceAccounts).get({ namespace, name }), serviceaccount))
      return `service account ${namespace}/${name} has been deleted`;
    if (secret && !isThere(this.#api.informer(secrets).get({ namespace, name: secret.name }), secret))
      return 'service account token has been invalidated: its secret is gone';
    if (pod && !isThere(this.#api.informer(pods).get({ namespace, name: pod.name }), pod))
      return 'service account token has been invalidated: its pod is gone';
    if (node && !isThere(this.#api.informer(nodes).get({ name: node.name }), node))
      return 'service account token has been invalidated: its node is gone';
    return undefined;
  }
}

function userOf({ exp, jti, 'kubernetes.io': { namespace, serviceaccount, pod, node } }: Claims): User {
  const prefix = 'authentication.kubernetes.io';
  return {
    name: accountUser({ namespace, name: serviceaccount.name }),
    uid: serviceaccount.uid,
    groups: [...accountGroups(namespace), authenticatedGroup],
    until: exp * 1_000,
    extra: {
      [`${prefix}/credential-id`]: [`JTI=${jti}`],
      ...(node && { [`${prefix}/node-name`]: [node.name], [`${prefix}/node-uid`]: [node.uid] }),
      ...(pod && { [`${prefix}/pod-name`]: [pod.name], [`${prefix}/pod-uid`]: [pod.uid] }),
    },
  };
}
