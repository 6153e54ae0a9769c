import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { fail, messageOf } from '../../lib/errors.ts';
import { exec } from '../../lib/exec.ts';
import type { Connection } from './connection.ts';

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
    expirationTimestamp: z.iso.datetime({ offset: true }).optional(),
  }),
});

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

/**
 * The token of a user whose kubeconfig names a program for it, as those of managed clusters do. The program runs at the
 * first request, when the token has expired, and when the server did not take it; never for two requests at once.
 * Throws `invalid` at once for what is no such user, and later for what is no credential; `unsupported` for a program
 * that wants to talk to a person, or gives a certificate and no token.
 */
export function execAuthorization({ what, dir, fields, cluster }: ExecUser): Connection['authorization'] {
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
    const { stdout } = await exec([command, ...(user.args ?? [])], { env, maxOutput }).catch((error: unknown) =>
      fail(
        'permission',
        `${doing}: ${messageOf(error)}${user.installHint ? `; ${user.installHint.trim()}` : ''}`,
        error,
      ),
    );
    const { token, clientCertificateData, expirationTimestamp } = statusIn(stdout, user.apiVersion, doing);
    if (!token && clientCertificateData) fail('unsupported', `${doing}: it gives a certificate; only tokens are used`);
    if (!token) fail('invalid', `${doing}: it gives no token`);
    return {
      header: `Bearer ${token}`,
      until: expirationTimestamp ? Date.parse(expirationTimestamp) : Number.POSITIVE_INFINITY,
    };
  };

  let known: { readonly header: string; readonly until: number } | undefined;
  let asking: Promise<string> | undefined;
  return (rejected = false) => {
    if (known && !rejected && Date.now() < known.until) return known.header;
    asking ??= ask()
      .then((given) => {
        known = given;
        return given.header;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
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
function statusIn(text: string, version: string, doing: string): z.output<typeof credential>['status'] {
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
