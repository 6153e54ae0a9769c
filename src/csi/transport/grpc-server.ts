import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { MoorageError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { wireError } from './codes.ts';
import { type CallContext, definitionOf, type Service } from './method.ts';
import { redacted } from './redact.ts';
import { closeToOthers, prepareSocket } from './socket.ts';
import { statusName } from './status.ts';

/** One answered call, for the metrics. */
export interface AnsweredCall {
  readonly method: string;
  /** The gRPC status by name: `OK`, `NOT_FOUND`. */
  readonly code: string;
  readonly seconds: number;
}

export interface GrpcServerOptions {
  /** Path of the unix socket. A stale one is replaced; the new one is for its owner only. */
  readonly socket: string;
  readonly log: Log;
  readonly onCall?: ((call: AnsweredCall) => void) | undefined;
}

/** A service and what answers its calls. */
export interface Offer {
  addTo(server: Server, options: GrpcServerOptions): void;
}

type AnyMethod = (request: Message, context: CallContext) => Promise<Record<string, unknown>>;

/** No request of CSI is near this size; what is larger is refused with RESOURCE_EXHAUSTED. */
const largestRequest = 1 << 20;
const longestGoodbye = 5_000;

/** Offers a service; undefined where there is none to offer. */
export function offer<S extends DescService>(service: S, implementation: Service<S> | undefined): Offer | undefined {
  return implementation && { addTo: (server, options) => add(server, service, implementation, options) };
}

/**
 * Serves gRPC on a unix socket. Errors of the services become their gRPC status and one message; their stacks go to
 * the log only. Disposing lets running calls end, but not for longer than five seconds, and removes the socket.
 *
 * Callers must send an `:authority` that HTTP/2 allows, as kubelets and sidecars have since kubernetes#112597: Node
 * resets streams whose authority is a bare path (`/run/csi.sock`), and takes `localhost` and percent-encoded paths.
 */
export async function serveGrpc(
  offers: readonly (Offer | undefined)[],
  options: GrpcServerOptions,
): Promise<AsyncDisposable> {
  await prepareSocket(options.socket);
  const server = new Server({ 'grpc.max_receive_message_length': largestRequest });
  for (const it of offers) it?.addTo(server, options);
  await new Promise<void>((resolve, reject) => {
    const listening = (error: Error | null) => (error ? reject(error) : resolve());
    server.bindAsync(`unix:${options.socket}`, ServerCredentials.createInsecure(), listening);
  });
  await closeToOthers(options.socket);
  return {
    async [Symbol.asyncDispose]() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(() => server.forceShutdown(), longestGoodbye);
      server.tryShutdown(() => resolve());
      await promise;
      clearTimeout(timer);
    },
  };
}

function add<S extends DescService>(
  server: Server,
  service: S,
  implementation: Service<S>,
  options: GrpcServerOptions,
) {
  const methods = implementation as Readonly<Record<string, AnyMethod | undefined>>;
  const present = service.methods.filter((method) => methods[method.localName]);
  server.addService(
    Object.fromEntries(service.methods.map((method) => [method.localName, definitionOf(method)])),
    Object.fromEntries(
      present.map((method) => [
        method.localName,
        handlerOf(method, (request, context) => methods[method.localName]?.(request, context), options),
      ]),
    ),
  );
}

function handlerOf(
  method: DescMethod,
  work: (...args: Parameters<AnyMethod>) => Promise<Record<string, unknown>> | undefined,
  options: GrpcServerOptions,
) {
  const { log, onCall } = options;
  const { response } = definitionOf(method);
  const answered = (code: string, started: number, fields: object) => {
    const seconds = (performance.now() - started) / 1_000;
    onCall?.({ method: method.name, code, seconds });
    if (log.isLevelEnabled('debug'))
      log.debug({ method: method.name, code, ms: seconds * 1_000, ...fields }, 'csi call');
  };
  return async (call: ServerUnaryCall<Message, Message>, callback: sendUnaryData<Message>) => {
    const started = performance.now();
    const given = () => (log.isLevelEnabled('debug') ? { request: redacted(method.input, call.request) } : {});
    const cancel = new AbortController();
    call.on('cancelled', () => cancel.abort(new MoorageError('timeout', `${method.name}: the caller stopped waiting`)));
    try {
      const init = (await work(call.request, { signal: cancel.signal })) ?? {};
      const message = response(init);
      answered('OK', started, given());
      callback(null, message);
    } catch (error) {
      const wire = wireError(error);
      answered(statusName(wire.code), started, { ...given(), reason: wire.details });
      if (!(error instanceof MoorageError)) log.error({ method: method.name, error }, 'csi call failed unexpectedly');
      callback(wire);
    }
  };
}
