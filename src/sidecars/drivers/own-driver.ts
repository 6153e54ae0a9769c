import { callDirectly, type DirectServices } from '../../csi/transport/direct-client.ts';
import { fail } from '../../lib/errors.ts';
import type { Meter } from '../../lib/meter.ts';
import type { Driver, DriverRegistry } from './driver.ts';
import type { DriverExtras } from './extras.ts';
import { introduce } from './introduce.ts';
import { measuredClient } from './measured-client.ts';

/** A registry of one driver, for good: the one that is part of this process, and is called without a socket. */
export async function openOwnDriver(
  services: DirectServices,
  { name, meter, extras = {} }: { readonly name: string; readonly meter: Meter; readonly extras?: DriverExtras },
): Promise<DriverRegistry> {
  const client = measuredClient(callDirectly(services), () => name, meter);
  const signal = new AbortController().signal;
  const { version, capabilities } = await introduce(client, { expected: name, asNode: false, signal });
  const driver: Driver = { name, version, socket: '', client, capabilities, nodeId: undefined, topology: {}, extras };
  return {
    add: async ({ socket }) =>
      fail('unsupported', `the driver at ${socket} can't be plugged in: there is one, built in`),
    get: (wanted) => (wanted === name ? driver : undefined),
    list: () => [driver],
    onChange: (listener) => {
      listener(driver);
      return { [Symbol.dispose]: () => {} };
    },
    async [Symbol.asyncDispose]() {
      client.close();
    },
  };
}
