import type { ControllerService } from '../../csi/transport/server.ts';
import { snapshots, volumes } from '../../model/kinds/moorage.ts';
import { askedReferences } from '../../volumes/references/asked.ts';
import type { CommonOptions } from '../context.ts';
import { ObjectWatch } from '../object-watch.ts';
import { controllerService } from './service.ts';

/** The CSI Controller service over the objects, which it watches until it is disposed of. */
export interface OpenController extends Disposable {
  readonly service: ControllerService;
}

/** Resolves when all volumes and snapshots are known. */
export async function openController(
  options: Pick<CommonOptions, 'api' | 'room' | 'references'>,
): Promise<OpenController> {
  const { api } = options;
  const views = [api.informer(volumes), api.informer(snapshots)] as const;
  await Promise.all(views.map(({ synced }) => synced));
  using open = new DisposableStack();
  const service = controllerService({
    ...options,
    references: options.references ?? askedReferences(api),
    volumes: open.use(new ObjectWatch(views[0])),
    snapshots: open.use(new ObjectWatch(views[1])),
  });
  const owned = open.move();
  return { service, [Symbol.dispose]: () => owned.dispose() };
}
