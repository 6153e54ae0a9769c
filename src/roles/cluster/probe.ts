import { connectCsi } from '../../csi/transport/client.ts';
import type { CsiClient } from '../../csi/transport/csi-client.ts';
import { messageOf } from '../../lib/errors.ts';

/** Asks the CSI driver of this process over its socket, as its callers do, whether it answers. */
export interface Probe extends Disposable {
  /** Undefined if it answers that it is ready, else what is wrong. */
  problem(): Promise<string | undefined>;
}

const patience = 5_000;

/** The probe of the driver behind a socket. Connects when it is first asked. */
export function probeOf(socket: string): Probe {
  let client: CsiClient | undefined;
  return {
    async problem() {
      client ??= connectCsi(socket);
      try {
        const { ready } = await client.identity.probe({}, { timeout: patience });
        return ready === false ? 'it is not ready' : undefined;
      } catch (error) {
        return messageOf(error);
      }
    },
    [Symbol.dispose]: () => client?.close(),
  };
}
