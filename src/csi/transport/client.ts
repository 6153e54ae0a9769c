import type { DescMethod, DescService, Message } from '@bufbuild/protobuf';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { Controller, GroupController, Identity, Node } from '../protocol/csi_pb.ts';
import { RpcError } from './codes.ts';
import type { CsiClient } from './csi-client.ts';
import { type CallOptions, definitionOf, type ServiceClient } from './method.ts';
import { type FailedStatus, status } from './status.ts';

const defaultTimeout = 120_000;
/** Lists of ten thousands of volumes fit. */
const largestResponse = 64 << 20;

/**
 * Calls the CSI driver behind a unix socket. Connects at the first call, and again whenever needed; while nobody
 * answers, calls fail at once with UNAVAILABLE. Every call has a deadline, and every failure is an RpcError.
 */
export function connectCsi(socket: string): CsiClient {
  const client = clientFor(socket);
  return {
    identity: clientOf(client, Identity),
    controller: clientOf(client, Controller),
    group: clientOf(client, GroupController),
    node: clientOf(client, Node),
    close: () => client.close(),
  };
}

/** Calls one service behind a unix socket, as connectCsi does. */
export function connectGrpc<S extends DescService>(
  socket: string,
  service: S,
): { readonly client: ServiceClient<S>; readonly close: () => void } {
  const client = clientFor(socket);
  return { client: clientOf(client, service), close: () => client.close() };
}

function clientFor(socket: string): Client {
  return new Client(`unix:${socket}`, credentials.createInsecure(), {
    'grpc.max_receive_message_length': largestResponse,
    'grpc.default_authority': 'localhost',
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.min_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 1_000,
    'grpc.enable_retries': 0,
    'grpc.service_config_disable_resolution': 1,
  });
}

function clientOf<S extends DescService>(client: Client, service: S): ServiceClient<S> {
  const methods = service.methods.map((method) => [method.localName, callerOf(client, method)]);
  return Object.fromEntries(methods) as ServiceClient<S>;
}

function callerOf(client: Client, method: DescMethod) {
  const { path, request, requestSerialize, responseDeserialize } = definitionOf(method);
  return (init: Record<string, unknown>, { signal, timeout = defaultTimeout }: CallOptions = {}): Promise<Message> => {
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    if (signal?.aborted) {
      reject(new RpcError(status.CANCELLED, `${method.name} was not called: ${String(signal.reason)}`));
      return promise;
    }
    const deadline = Date.now() + timeout;
    const answer = (error: ServiceError | null, message?: Message) => {
      signal?.removeEventListener('abort', cancel);
      if (message) resolve(message);
      else reject(failureOf(method, error));
    };
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request(init),
      new Metadata(),
      { deadline },
      answer,
    );
    const cancel = () => call.cancel();
    signal?.addEventListener('abort', cancel, { once: true });
    return promise;
  };
}

function failureOf(method: DescMethod, error: ServiceError | null): RpcError {
  const code = error && error.code !== status.OK ? error.code : status.UNKNOWN;
  return new RpcError(code as FailedStatus, error?.details || `${method.name} failed without saying why`, {
    cause: error,
  });
}
