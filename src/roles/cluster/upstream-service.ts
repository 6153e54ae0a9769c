import { startCsiDriver } from '../../driver/start.ts';
import { type Placement, startPlacement } from '../../volumes/start-placement.ts';
import type { ControllerParts } from './leading.ts';
import { probeOf } from './probe.ts';

/** The CSI controller service on a socket, for the sidecars of the Kubernetes project. */
export interface UpstreamService extends AsyncDisposable {
  readonly placement: Placement;
  /** Undefined if it answers, else what is wrong. */
  problem(): Promise<string | undefined>;
}

/** Resolves when the service answers. */
export async function serveUpstream(parts: ControllerParts, socket: string): Promise<UpstreamService> {
  const { api, log, meter } = parts;
  await using open = new AsyncDisposableStack();
  const placement = open.use(await startPlacement(parts));
  const { room } = placement;
  open.use(await startCsiDriver({ services: ['controller'], api, room, socket, log, meter, measureCalls: true }));
  const probe = open.use(probeOf(socket));
  const owned = open.move();
  return { placement, problem: probe.problem, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
