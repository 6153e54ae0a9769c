import { RpcError } from '../../csi/transport/codes.ts';
import type { CsiClient } from '../../csi/transport/csi-client.ts';
import type { CallOptions } from '../../csi/transport/method.ts';
import { statusName } from '../../csi/transport/status.ts';
import type { Meter } from '../../lib/meter.ts';

type AnyCall = (request: object, options?: CallOptions) => Promise<object>;

/** Milliseconds that a call may take, unless its caller says otherwise. */
export const defaultTimeout = 30_000;

/** The same client, each call of which is reported to the meter, and has a deadline of 30 s if it names none. */
export function measuredClient(client: CsiClient, driver: () => string, meter: Meter): CsiClient {
  return {
    identity: measuredService(client.identity, driver, meter),
    controller: measuredService(client.controller, driver, meter),
    group: measuredService(client.group, driver, meter),
    node: measuredService(client.node, driver, meter),
    close: () => client.close(),
  };
}

function measuredService<S extends object>(service: S, driver: () => string, meter: Meter): S {
  const calls = Object.entries(service).map(([localName, call]) => {
    const method = `${localName.charAt(0).toUpperCase()}${localName.slice(1)}`;
    return [localName, measuredCall(call as AnyCall, method, driver, meter)];
  });
  return Object.fromEntries(calls) as S;
}

function measuredCall(call: AnyCall, method: string, driver: () => string, meter: Meter): AnyCall {
  return async (request, options = {}) => {
    const started = performance.now();
    const report = (code: string) =>
      meter.observe('csi', { driver: driver(), method, code }, (performance.now() - started) / 1_000);
    try {
      const answer = await call(request, { ...options, timeout: options.timeout ?? defaultTimeout });
      report('OK');
      return answer;
    } catch (error) {
      report(error instanceof RpcError ? statusName(error.status) : 'INTERNAL');
      throw error;
    }
  };
}
