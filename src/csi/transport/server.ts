import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { MoorageError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import {
  type Controller,
  Controller as controllerService,
  GroupController,
  Identity,
  Node,
} from '../protocol/csi_pb.ts';
import { statusName, wireError } from './codes.ts';
import { type CallContext, definitionOf, type Service } from './method.ts';
import { redacted } from './redact.ts';
import { closeToOthers, prepareSocket } from './socket.ts';

export type IdentityService = Service<typeof Identity>;
export type ControllerService = Service<typeof Controller>;
export type GroupControllerService = Service<typeof GroupController>;
export type NodeService = Service<typeof Node>;

/** One answered call, for the metrics. */
export interface AnsweredCall {
  readonly method: string;
  /** The gRPC status by name: `OK`, `NOT_FOUND`. */
  readonly code: string;
  readonly seconds: number;
}

export interface CsiServerOptions {
  /** Path of the unix socket. A stale one is replaced; the new one is for its owner only. */
  readonly socket: string;
  readonly identity: IdentityService;
  readonly controller?: ControllerService | undefined;
  readonly node?: NodeService | undefined;
  readonly group?: GroupControllerService | undefined;
  readonly log: Log;
  readonly onCall?: ((call: AnsweredCall) => void) | undefined;
}

type AnyMethod = (request: Message, context: CallContext) => Promise<Record<string, unknown>>;

/** No CSI request is near this size; what is larger is refused with RESOURCE_EXHAUSTED. */
const largestRequest = 1 << 20;
const longestGoodbye = 5_000;

/**
 * Serves CSI over gRPC on a unix socket. Errors of the services become their gRPC status and one message; their
 * stacks go to the log only. Disposing lets running calls end, but not for longer than five seconds.
 *
 * Callers must send an `:authority` that HTTP/2 allows, as kubelets and sidecars have since kubernetes#112597: Node
 * resets streams whose authority is a bare path (`/run/csi.sock`), and takes `localhost` and percent-encoded paths.
 */
export async function serveCsi(options: CsiServerOptions): Promise<AsyncDisposable> {
  await prepareSocket(options.socket);
  const server = new Server({ 'grpc.max_receive_message_length': largestRequest });
  add(server, Identity, options.identity, options);
  if (options.controller) add(server, controllerService, options.controller, options);
  if (options.group) add(server, GroupController, options.group, options);
  if (options.node) add(server, Node, options.node, options);
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

function add<S extends DescService>(server: Server, service: S, implementation: Service<S>, options: CsiServerOptions) {
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
  options: CsiServerOptions,
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
