import type { Context } from '../api/context.ts';
import { nodes } from '../model/kinds/index.ts';
import type { DriverRegistry } from '../sidecars/drivers/driver.ts';
import { createClaimBinder, createVolumeBinder } from './binder/binder.ts';
import { createEventExpiry } from './event-expiry.ts';
import { createGarbageCollector } from './garbage-collection/garbage-collector.ts';
import { createNamespaceDefaults } from './namespaces/namespace-defaults.ts';
import { createNamespaces } from './namespaces/namespaces.ts';
import { createClaimProtection, createVolumeProtection } from './protection.ts';

export interface OrchestratorOptions extends Context {
  readonly drivers: DriverRegistry;
  /** The node of Mounts that name none. */
  readonly node: string;
  /** The certificate of the authority that the API's own is from, as PEM. */
  readonly authority: string;
}

/**
 * Starts binding, protection and cleaning up: what the control plane of Kubernetes does where there is one. Resolves
 * when all of it works.
 */
export async function startOrchestrator(options: OrchestratorOptions): Promise<AsyncDisposable> {
  const { api, drivers, authority, log } = options;
  await using opening = new AsyncDisposableStack();
  await api.informer(nodes).synced;
  const binderOptions = { ...options, hasDriver: (name: string) => drivers.get(name) !== undefined };
  const controllers = [
    createClaimBinder(binderOptions),
    createVolumeBinder(binderOptions),
    createClaimProtection({ api, log }),
    createVolumeProtection({ api, log }),
    createGarbageCollector({ api, log }),
    createNamespaces({ api, log }),
    createNamespaceDefaults({ api, authority, log }),
    createEventExpiry({ api, log }),
  ];
  for (const controller of controllers) opening.use(controller);
  await Promise.all(controllers.map((controller) => controller.start()));
  return opening.move();
}
