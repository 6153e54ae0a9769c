import { existsSync, readFileSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import { fail, messageOf } from '../../../lib/errors.ts';
import type { Connection, Credentials } from './connection.ts';

const mounted = '/var/run/secrets/kubernetes.io/serviceaccount';
/** Milliseconds that a token is kept before its file is read again; the kubelet renews it long before it expires. */
const tokenAge = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** True in a pod that Kubernetes gave a service account to. */
export function isInCluster(env: Environment = process.env): boolean {
  return Boolean(env['KUBERNETES_SERVICE_HOST']);
}

/**
 * The connection of a pod to its own cluster, as its service account. Throws `not-ready` if this is no pod, or one
 * without a token.
 */
export function inClusterConnection(env: Environment = process.env, dir = mounted): Connection {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'] || '443';
  const tokenFile = join(dir, 'token');
  if (!host || !existsSync(tokenFile)) {
    fail(
      'not-ready',
      `connecting to the cluster: this is no pod with a service account (${host ? `no ${tokenFile}` : 'KUBERNETES_SERVICE_HOST is not set'}); name a kubeconfig with --kubeconfig`,
    );
  }
  const namespaceFile = join(dir, 'namespace');
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${port}`;
  return {
    server,
    namespace: existsSync(namespaceFile) ? readText(namespaceFile).trim() : 'default',
    authority: readText(join(dir, 'ca.crt')),
    insecure: false,
    serverName: undefined,
    certificate: undefined,
    key: undefined,
    credentials: tokenOf(tokenFile),
    whenAway: `the Kubernetes API at ${server} does not answer`,
  };
}

/** The token in a file, read again when it is old, or when the server did not take it. */
function tokenOf(file: string): Connection['credentials'] {
  let known: Credentials = {};
  let readAt = Number.NEGATIVE_INFINITY;
  return (rejected) => {
    if (rejected === known || performance.now() - readAt > tokenAge) {
      const authorization = `Bearer ${readText(file).trim()}`;
      if (authorization !== known.authorization) known = { authorization };
      readAt = performance.now();
    }
    return known;
  };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return fail('permission', `reading ${file}: ${messageOf(error)}`, error);
  }
}
