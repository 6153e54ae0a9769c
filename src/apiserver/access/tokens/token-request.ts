import * as z from 'zod';
import type { Api } from '../../../api/api.ts';
import { refuse } from '../../../api/status.ts';
import { timestamp } from '../../../lib/clock.ts';
import { anyKind, nodes, pods, secrets } from '../../../model/kinds/index.ts';
import type { KubeObject } from '../../../model/object.ts';
import { tokenRequestKind } from '../../discovery/discovery.ts';
import { type AccountTokens, issuer, type TokenWish } from './account-tokens.ts';

const shortest = 600;
const longest = 86_400;
const usual = 3_600;

const specSchema = z.object({
  audiences: z.array(z.string()).max(100).nullish(),
  expirationSeconds: z.int().nullish(),
  boundObjectRef: z
    .object({
      kind: z.string().optional(),
      apiVersion: z.string().optional(),
      name: z.string().optional(),
      uid: z.string().optional(),
    })
    .nullish(),
});
const bindable = { Pod: anyKind(pods), Secret: anyKind(secrets), Node: anyKind(nodes) } as const;

/**
 * A TokenRequest (`kubectl create token`) with its token. One that is to last for more than a day lasts for a day, and
 * the warning says so. Throws 422 for less than ten minutes, and what Kubernetes says of objects that can't be named.
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
 */
export async function answerTokenRequest(
  api: Api,
  tokens: AccountTokens,
  account: KubeObject,
  body: Readonly<Record<string, unknown>>,
  warnings: string[],
): Promise<object> {
  const { name, namespace } = account.metadata;
  const parsed = specSchema.safeParse(body['spec'] ?? {});
  if (!parsed.success) return refuse(400, 'BadRequest', `TokenRequest: ${z.prettifyError(parsed.error)}`);
  const { data: spec } = parsed;
  const wished = spec.expirationSeconds ?? usual;
  if (wished < shortest) {
    const field = 'spec.expirationSeconds';
    const why = `Invalid value: ${wished}: may not specify a duration less than 10 minutes`;
    const details = { name, group: tokenRequestKind.group, kind: 'TokenRequest' };
    const causes = [{ reason: 'FieldValueInvalid', message: why, field }];
    refuse(422, 'Invalid', `TokenRequest.authentication.k8s.io "${name}" is invalid: ${field}: ${why}`, {
      ...details,
      causes,
    });
  }
  const seconds = Math.min(wished, longest);
  if (seconds < wished) warnings.push(`requested expiration of ${wished} seconds shortened to ${seconds} seconds`);
  const audiences = spec.audiences?.length ? spec.audiences : [issuer];
  const bound = spec.boundObjectRef ? await boundTo(api, account, spec.boundObjectRef) : undefined;
  const { token, until } = tokens.issue({ account, audiences, seconds, bound });
  const { group, version, kind } = tokenRequestKind;
  return {
    kind,
    apiVersion: `${group}/${version}`,
    metadata: { name, namespace, creationTimestamp: timestamp() },
    spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: { token, expirationTimestamp: timestamp(until) },
  };
}

async function boundTo(
  api: Api,
  account: KubeObject,
  { kind = '', apiVersion = '', name = '', uid = '' }: NonNullable<z.infer<typeof specSchema>['boundObjectRef']>,
): Promise<TokenWish['bound']> {
  if (apiVersion !== 'v1' || (kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node')) {
    const type = `${apiVersion}, Kind=${kind}`;
    return refuse(
      400,
      'BadRequest',
      `cannot bind token for serviceaccount "${account.metadata.name}" to object of type "${type}"`,
    );
  }
  const of = bindable[kind];
  const { namespace } = account.metadata;
  const found =
    (await api.get(of, of.namespaced ? { namespace, name } : { name })) ??
    refuse(404, 'NotFound', `${of.plural} "${name}" not found`, { name, kind: of.plural });
  const { uid: real = '' } = found.metadata;
  if (uid !== '' && uid !== real) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    refuse(409, 'Conflict', `Operation cannot be fulfilled on ${of.plural} "${name}": ${why}`, {
      name,
      kind: of.plural,
    });
  }
  const claims = { Pod: 'pod', Secret: 'secret', Node: 'node' } as const;
  return { kind: claims[kind], name, uid: real };
}
