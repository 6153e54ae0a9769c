import { RpcError } from '../../csi/transport/codes.ts';
import type { CsiClient } from '../../csi/transport/csi-client.ts';
import { status } from '../../csi/transport/status.ts';
import { sleep } from '../../lib/clock.ts';
import { fail } from '../../lib/errors.ts';
import { announcesController, type DriverCapabilities, readDriverCapabilities } from './capabilities.ts';

/** What a driver says of itself and of this node. */
export interface Introduction {
  readonly name: string;
  readonly version: string;
  readonly capabilities: DriverCapabilities;
  readonly node:
    | { readonly id: string; readonly maxVolumes: bigint; readonly topology: Record<string, string> }
    | undefined;
}

/** Milliseconds between two probes of a driver that answers, but is not ready: CSI has no call that waits for it. */
const probePause = 200;

/**
 * Asks a driver who it is, waits until it says that it is ready, and reads what it can do. `asNode` says whether to
 * ask it about this node. Throws `invalid` if it is not the one that was expected, RpcErrors as the driver answers.
 */
export async function introduce(
  client: CsiClient,
  options: { readonly expected: string | undefined; readonly asNode: boolean; readonly signal: AbortSignal },
): Promise<Introduction> {
  const { signal } = options;
  const info = await client.identity.getPluginInfo({}, { signal });
  if (!info.name) fail('invalid', 'the CSI driver has no name: GetPluginInfo answered without one');
  if (options.expected !== undefined && info.name !== options.expected) {
    fail('invalid', `the CSI driver calls itself ${info.name}, but ${options.expected} was expected: correct the name`);
  }
  // CSI: an answer without a value is a yes, and so is a driver that does not implement the probe.
  while ((await optional(client.identity.probe({}, { signal })))?.ready === false) await sleep(probePause, signal);
  const plugin = await client.identity.getPluginCapabilities({}, { signal });
  const controller = announcesController(plugin)
    ? await optional(client.controller.controllerGetCapabilities({}, { signal }))
    : undefined;
  const nodeCapabilities = options.asNode ? await optional(client.node.nodeGetCapabilities({}, { signal })) : undefined;
  const node = options.asNode ? await optional(client.node.nodeGetInfo({}, { signal })) : undefined;
  return {
    name: info.name,
    version: info.vendorVersion,
    capabilities: readDriverCapabilities(plugin, controller, nodeCapabilities),
    node: node && {
      id: node.nodeId,
      maxVolumes: node.maxVolumesPerNode,
      topology: { ...node.accessibleTopology?.segments },
    },
  };
}

/** The answer, or undefined from a driver that does not have the call. */
async function optional<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof RpcError && error.status === status.UNIMPLEMENTED) return undefined;
    throw error;
  }
}
