import type { MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { create, type DescMethod, type DescService, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';

/** What a called method learns beside its request. */
export interface CallContext {
  /** Aborts when the caller gives up or its deadline passes. */
  readonly signal: AbortSignal;
}

type Input<S extends DescService, K extends keyof S['method']> = S['method'][K] extends DescMethod
  ? S['method'][K]['input']
  : never;
type Output<S extends DescService, K extends keyof S['method']> = S['method'][K] extends DescMethod
  ? S['method'][K]['output']
  : never;

/** A gRPC service as a plain object of async functions. What is left out answers UNIMPLEMENTED. */
export type Service<S extends DescService> = {
  readonly [K in keyof S['method']]?: (
    request: MessageShape<Input<S, K>>,
    context: CallContext,
  ) => Promise<MessageInitShape<Output<S, K>>>;
};

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the call fails with DEADLINE_EXCEEDED. Default 120,000. */
  readonly timeout?: number | undefined;
}

/** The same service as its caller sees it. Every failure is an RpcError. */
export type ServiceClient<S extends DescService> = {
  readonly [K in keyof S['method']]: (
    request: MessageInitShape<Input<S, K>>,
    options?: CallOptions,
  ) => Promise<MessageShape<Output<S, K>>>;
};

/** Both directions of a gRPC method in grpc-js' terms. CSI has no streams. */
export function definitionOf(method: DescMethod) {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Message) => Buffer.from(toBinary(method.input, message)),
    requestDeserialize: (bytes: Buffer): Message => fromBinary(method.input, bytes),
    responseSerialize: (message: Message) => Buffer.from(toBinary(method.output, message)),
    responseDeserialize: (bytes: Buffer): Message => fromBinary(method.output, bytes),
    request: (init: Record<string, unknown>): Message => create(method.input, init),
    response: (init: Record<string, unknown>): Message => create(method.output, init),
  } as const;
}
