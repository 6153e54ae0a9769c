import { create, type DescMethod, type DescService, type Message } from '@bufbuild/protobuf';
import { startTimer, type Timer } from '../../lib/clock.ts';
import { MoorageError } from '../../lib/errors.ts';
import { Controller, GroupController, Identity, Node } from '../protocol/csi_pb.ts';
import { RpcError, wireError } from './codes.ts';
import type { CsiClient } from './csi-client.ts';
import type { CallOptions, Service, ServiceClient } from './method.ts';
import { status } from './status.ts';

/** The services that a client in the same process calls. */
export interface DirectServices {
  readonly identity: Service<typeof Identity>;
  readonly controller: Service<typeof Controller>;
}

type AnyMethod = (request: Message, context: { signal: AbortSignal }) => Promise<Record<string, unknown>>;

const defaultTimeout = 120_000;

/**
 * Calls a driver of this process without a socket between. For the caller there is no difference: calls have deadlines,
 * their failures are RpcErrors, and what the driver does not have fails with UNIMPLEMENTED.
 */
export function callDirectly({ identity, controller }: DirectServices): CsiClient {
  const stop = new AbortController();
  return {
    identity: clientOf(Identity, identity, stop.signal),
    controller: clientOf(Controller, controller, stop.signal),
    group: clientOf(GroupController, {}, stop.signal),
    node: clientOf(Node, {}, stop.signal),
    close: () => stop.abort(new RpcError(status.CANCELLED, 'the client is closed')),
  };
}

function clientOf<S extends DescService>(service: S, implementation: Service<S>, stop: AbortSignal): ServiceClient<S> {
  const methods = implementation as Readonly<Record<string, AnyMethod | undefined>>;
  const calls = service.methods.map((it) => [it.localName, callerOf(it, methods[it.localName], stop)]);
  return Object.fromEntries(calls) as ServiceClient<S>;
}

function callerOf(method: DescMethod, work: AnyMethod | undefined, stop: AbortSignal) {
  return async (init: Record<string, unknown>, { signal, timeout = defaultTimeout }: CallOptions = {}) => {
    if (!work) throw new RpcError(status.UNIMPLEMENTED, `the driver has no ${method.name}`);
    using call = new Call(method.name, timeout, [stop, ...(signal ? [signal] : [])]);
    try {
      call.signal.throwIfAborted();
      const answer = await Promise.race([work(create(method.input, init), call), call.ended]);
      return create(method.output, answer);
    } catch (error) {
      if (error instanceof RpcError) throw error;
      const { code, details } = wireError(error);
      throw new RpcError(code, details, { cause: error });
    }
  };
}

/** One call, which ends when its time is over, or when nobody wants its answer any more. */
class Call implements Disposable {
  readonly signal: AbortSignal;
  /** Rejects then. */
  readonly ended: Promise<never>;
  readonly #timer: Timer;
  readonly #open = new DisposableStack();

  constructor(method: string, timeout: number, signals: readonly AbortSignal[]) {
    const { promise, reject } = Promise.withResolvers<never>();
    const own = new AbortController();
    const end = (code: typeof status.CANCELLED | typeof status.DEADLINE_EXCEEDED, why: string) => {
      reject(new RpcError(code, `${method}: ${why}`));
      own.abort(new MoorageError('timeout', `${method}: the caller stopped waiting`));
    };
    promise.catch(() => {});
    this.signal = own.signal;
    this.ended = promise;
    this.#timer = startTimer(timeout, () => end(status.DEADLINE_EXCEEDED, `no answer after ${timeout} ms`));
    for (const signal of signals) {
      const cancel = () => end(status.CANCELLED, String(signal.reason));
      if (signal.aborted) cancel();
      signal.addEventListener('abort', cancel);
      this.#open.defer(() => signal.removeEventListener('abort', cancel));
    }
  }

  [Symbol.dispose](): void {
    this.#timer.stop();
    this.#open.dispose();
  }
}
