import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { fail, isCode, messageOf } from '../../../lib/errors.ts';
import { exec } from '../../../lib/exec.ts';
import type { Connection, Credentials } from './connection.ts';

// https://kubernetes.io/docs/reference/config-api/client-authentication.v1/
const apiVersion = z.enum(['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1']);

const program = z.object({
  apiVersion,
  command: z.string().min(1),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string().min(1), value: z.string() })).nullish(),
  installHint: z.string().optional(),
  provideClusterInfo: z.boolean().optional(),
  interactiveMode: z.enum(['Never', 'IfAvailable', 'Always']).optional(),
});

const credential = z.object({
  kind: z.literal('ExecCredential'),
  apiVersion,
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.iso.datetime({ offset: true }).optional(),
  }),
});

type Status = Pick<z.output<typeof credential>['status'], 'token' | 'clientCertificateData' | 'clientKeyData'>;

/** The cluster that credentials are for, as the program is told of it where its user asks for that. */
export interface ClusterInfo {
  readonly server: string;
  readonly authority: string | undefined;
  readonly insecure: boolean;
  readonly serverName: string | undefined;
  /** The entry client.authentication.k8s.io/exec of the cluster's extensions. */
  readonly config: unknown;
}

export interface ExecUser {
  /** The kubeconfig, for messages. */
  readonly what: string;
  /** The directory that a command with a slash in it is relative to. */
  readonly dir: string;
  /** The field `exec` of the user. */
  readonly fields: unknown;
  readonly cluster: ClusterInfo;
}

/** Bytes of what such a program prints. */
const maxOutput = 2 ** 20;
/** Milliseconds: some of them ask a service far away. */
const timeout = 60_000;

/**
 * The token or certificate of a user whose kubeconfig names a program for it, as those of managed clusters do. The
 * program runs at the first request, when what it gave has expired, and when the server did not take that; never for two
 * requests at once. Throws `invalid` at once for what is no such user, and later for what is no credential;
 * `unsupported` for a program that wants to talk to a person, or is not installed; `permission` for one that fails.
 */
export function execCredentials({ what, dir, fields, cluster }: ExecUser): Connection['credentials'] {
  const parsed = program.safeParse(fields);
  if (!parsed.success) {
    return fail(
      'invalid',
      `reading ${what}: the user's "exec" is not as it should be: ${z.prettifyError(parsed.error)}`,
    );
  }
  const user = parsed.data;
  if (user.interactiveMode === 'Always') {
    return fail('unsupported', `reading ${what}: ${user.command} asks a person; use one that does not, or a token`);
  }
  const command = user.command.includes('/') && !isAbsolute(user.command) ? join(dir, user.command) : user.command;
  const info = {
    apiVersion: user.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...clusterOf(user, cluster) },
  };
  const env = {
    ...Object.fromEntries((user.env ?? []).map(({ name, value }) => [name, value])),
    KUBERNETES_EXEC_INFO: JSON.stringify(info),
  };

  const ask = async () => {
    const doing = `asking ${command} for credentials, as ${what} says`;
    const { stdout } = await exec([command, ...(user.args ?? [])], { env, maxOutput, timeout }).catch(
      (error: unknown) => {
        const missing = isCode(error, 'unsupported');
        const why = missing ? 'it is not installed on this machine' : messageOf(error);
        const hint = user.installHint ? `; ${user.installHint.trim()}` : '';
        return fail(missing ? 'unsupported' : 'permission', `${doing}: ${why}${hint}`, error);
      },
    );
    const { expirationTimestamp, ...status } = statusIn(stdout, user.apiVersion, doing);
    return {
      credentials: credentialsIn(status, doing),
      until: expirationTimestamp ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY,
    };
  };

  let known: { readonly credentials: Credentials; readonly until: number } | undefined;
  let asking: Promise<Credentials> | undefined;
  return (rejected) => {
    // Of many requests that come back rejected, the first has new ones made for all.
    if (known && rejected !== known.credentials && Date.now() < known.until) return known.credentials;
    asking ??= ask()
      .then((given) => {
        known = given;
        return given.credentials;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
}

/** Throws `invalid` for neither a token nor a certificate with its key. */
function credentialsIn({ token, clientCertificateData, clientKeyData }: Status, doing: string): Credentials {
  if (!clientCertificateData !== !clientKeyData) {
    return fail(
      'invalid',
      `${doing}: it gives ${clientKeyData ? 'a key without its certificate' : 'a certificate without its key'}`,
    );
  }
  if (!token && !clientCertificateData) return fail('invalid', `${doing}: it gives neither a token nor a certificate`);
  return {
    ...(token && { authorization: `Bearer ${token}` }),
    ...(clientCertificateData &&
      clientKeyData && { certificate: { certificate: clientCertificateData, key: clientKeyData } }),
  };
}

function clusterOf(user: z.output<typeof program>, { server, authority, insecure, serverName, config }: ClusterInfo) {
  if (!user.provideClusterInfo) return {};
  const cluster = {
    server,
    ...(serverName && { 'tls-server-name': serverName }),
    ...(insecure && { 'insecure-skip-tls-verify': true }),
    ...(authority && { 'certificate-authority-data': Buffer.from(authority).toString('base64') }),
    ...(config !== undefined && { config }),
  };
  return { cluster };
}

/** What is wrong is told without what was printed, which may be a secret. */
function statusIn(
  text: string,
  version: string,
  doing: string,
): Status & { readonly expirationTimestamp?: string | undefined } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail('invalid', `${doing}: what it prints is not JSON`);
  }
  const parsed = credential.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(
      'invalid',
      `${doing}: what it prints is no ExecCredential: ${issue?.path.join('.')}: ${issue?.message}`,
    );
  }
  if (parsed.data.apiVersion !== version) {
    return fail('invalid', `${doing}: it answers in ${parsed.data.apiVersion}, and was asked in ${version}`);
  }
  return parsed.data.status;
}
