import { once } from 'node:events';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { isIPv6 } from 'node:net';
import { join } from 'node:path';
import type { EmbeddedApi } from '../api/embedded/embedded-api.ts';
import { MoorageError } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import { Admission, type InFlightLimits, usualInFlight } from './access/admission.ts';
import { clientCertificates, firstOf } from './access/authentication.ts';
import { administratorsMay, anyOf } from './access/authorization.ts';
import {
  boundConnections,
  type ConnectionLimits,
  type Connections,
  type TimeLimits,
  usualConnections,
  usualTimes,
} from './access/connections.ts';
import { nobody } from './access/public-pages.ts';
import { keepAggregated } from './access/rbac/aggregation.ts';
import { ensureDefaultRoles } from './access/rbac/ensure-defaults.ts';
import { rbacOf } from './access/rbac/rbac.ts';
import { boundSessions, maxConcurrentStreams } from './access/sessions.ts';
import { AccountTokens } from './access/tokens/account-tokens.ts';
import { bearerTokens } from './access/tokens/bearer.ts';
import { ensureTokenKey } from './access/tokens/jwt.ts';
import { writeKubeconfig } from './credentials/kubeconfig.ts';
import { areCurrent, ensurePki, isWildcard, type Pki } from './credentials/pki.ts';
import { requestHandler } from './handler.ts';
import { type ApiRequest, type ApiResponse, isGone } from './wire/exchange.ts';

export interface ApiServerOptions {
  readonly api: EmbeddedApi;
  /** The data directory: certificates go to `pki/` in it, the administrator's credential to `kubeconfig`. */
  readonly dir: string;
  /** The address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly log: Log;
  /** What clients may take; default: what is usual. */
  readonly limits?: Partial<ServerLimits>;
  /** The text of /metrics. */
  readonly metrics?: () => Promise<string>;
}

export interface ServerLimits {
  readonly inFlight: InFlightLimits;
  readonly connections: ConnectionLimits;
  readonly times: TimeLimits;
}

/** A running API server. Disposing of it ends the watches, answers what was asked, and closes, within two seconds. */
export interface ApiServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly kubeconfigFile: string;
  /** The certificate of the authority that the server's own is from, as PEM. */
  readonly authority: string;
}

/** So often, in milliseconds, certificates are held against the clock, which may be set meanwhile. */
const renewalCheck = 60_000;
const patience = 2_000;

/**
 * Serves the embedded API as a Kubernetes API over HTTPS, to those who have a client certificate of its authority.
 * Certificates and kubeconfig are made where they are missing. Throws `in-use` if the port is taken, `permission` if
 * it may not be had, or if others can read the private keys.
 */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { api, dir, host = '127.0.0.1', log, limits = {} } = options;
  const pkiDir = join(dir, 'pki');
  let pki = await ensurePki({ dir: pkiDir, host, log });
  const stop = new AbortController();
  const tokens = new AccountTokens(api, await ensureTokenKey(pkiDir));
  const rbac = rbacOf(api);
  await ensureDefaultRoles(api);
  const aggregation = await keepAggregated(api, log);
  stop.signal.addEventListener('abort', () => aggregation[Symbol.dispose]());
  const handle = requestHandler({
    api,
    log,
    authenticate: firstOf([clientCertificates(), bearerTokens(tokens), nobody()]),
    authorize: anyOf([administratorsMay, rbac.authorize]),
    rbac,
    tokens,
    admission: new Admission(limits.inFlight ?? usualInFlight),
    metrics: options.metrics,
    stopping: stop.signal,
  });
  const times = { ...usualTimes, ...limits.times };
  const server = createServer(pki, times, (request, response) => {
    // A kept connection would hold the server open once it stops.
    response.once('close', () => stop.signal.aborted && setImmediate(() => server.closeIdleConnections()));
    void handle(request, response);
  });
  const connections = boundConnections(server, limits.connections ?? usualConnections);
  boundSessions(server, connections, times);
  await listen(server, options.port, host);
  const { port } = server.address() as AddressInfo;
  const url = urlOf(host, port);
  const kubeconfigFile = join(dir, 'kubeconfig');
  try {
    await writeKubeconfig(kubeconfigFile, url, pki, pkiDir);
  } catch (error) {
    server.close();
    throw error;
  }
  const renewal = setInterval(() => {
    if (areCurrent(pki)) return;
    ensurePki({ dir: pkiDir, host, log })
      .then(async (renewed) => {
        pki = renewed;
        server.setSecureContext(credentialsOf(renewed));
        await writeKubeconfig(kubeconfigFile, url, renewed, pkiDir);
      })
      .catch((error: unknown) => log.error({ error }, 'certificates could not be renewed'));
  }, renewalCheck);
  renewal.unref();
  return {
    url,
    port,
    kubeconfigFile,
    authority: pki.authority,
    [Symbol.asyncDispose]: async () => {
      clearInterval(renewal);
      stop.abort();
      await close(server, connections);
    },
  };
}

function credentialsOf({ authority, server }: Pki) {
  // Who shows no certificate is answered too: with a 401 that says so, rather than with a broken connection.
  return {
    ca: authority,
    cert: server.certificate,
    key: server.key,
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  } as const;
}

/** Of a server that takes HTTP/1.1 too, which the declarations of Node.js leave out. */
interface Server extends Http2SecureServer {
  /** Those of HTTP/1.1 only. */
  closeIdleConnections(): void;
}

function createServer(pki: Pki, times: TimeLimits, handle: (request: ApiRequest, response: ApiResponse) => void) {
  const options = { ...credentialsOf(pki), ...times, keepAlive: true, noDelay: true };
  const server = createSecureServer({ ...options, settings: { maxConcurrentStreams }, allowHTTP1: true }, handle);
  // Node.js by itself throws past everybody where a client over HTTP/2 has taken such a request back already.
  server.on('checkContinue', (request: ApiRequest, response: ApiResponse) => {
    if (isGone(response)) return;
    response.writeContinue();
    handle(request, response);
  });
  return server as Server;
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw listenFailure(error as NodeJS.ErrnoException, port, host);
  }
}

function listenFailure(error: NodeJS.ErrnoException, port: number, host: string): MoorageError {
  const doing = `listening on ${host} port ${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return new MoorageError(
        'in-use',
        `${doing}: another program has that port; choose another with --port, or 0 for any free one`,
        { cause: error },
      );
    case 'EACCES':
      return new MoorageError('permission', `${doing}: not allowed; choose a port above 1023 with --port`, {
        cause: error,
      });
    case 'EADDRNOTAVAIL':
      return new MoorageError('invalid', `${doing}: this machine has no such address; choose another with --host`, {
        cause: error,
      });
    default:
      return new MoorageError('internal', `${doing}: ${error.message}`, { cause: error });
  }
}

function urlOf(host: string, port: number): string {
  const reachable = isWildcard(host) ? '127.0.0.1' : host;
  return `https://${isIPv6(reachable) ? `[${reachable}]` : reachable}:${port}`;
}

async function close(server: Server, connections: Connections): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => connections.endAll(), patience);
  await closed;
  clearTimeout(timer);
}
