import { Gauge, type Registry } from 'prom-client';
import type { Api } from '../../api/api.ts';
import type { Kind } from '../../model/kind.ts';
import { persistentVolumeClaims, persistentVolumes } from '../../model/kinds/core.ts';
import { mounts, type Pool, pools, snapshots, volumes } from '../../model/kinds/moorage.ts';
import { volumeSnapshots } from '../../model/kinds/storage.ts';
import { isDeleting, type KubeObject } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';

type Phased = KubeObject & { readonly status?: { readonly phase?: string | undefined } | undefined };
type PoolNode = NonNullable<NonNullable<Pool['status']>['nodes']>[number];

/** Objects by kind and phase, and how full the pools are; read from the live views when the page is asked for. */
export function countObjects(api: Api, hasMounts: boolean, registry: Registry): void {
  const counted: (() => Iterable<readonly [kind: string, phase: string]>)[] = [
    phases(api, persistentVolumeClaims),
    phases(api, persistentVolumes),
    phases(api, volumes),
    phases(api, snapshots),
    ...(hasMounts ? [phases(api, mounts)] : []),
    phases(api, pools),
    phases(api, volumeSnapshots, (it) => (it.status?.readyToUse ? 'Ready' : 'Pending')),
  ];
  new Gauge({
    name: 'moorage_objects',
    help: 'Objects by kind and phase.',
    labelNames: ['kind', 'phase'],
    registers: [registry],
    collect() {
      this.reset();
      for (const phasesOf of counted) for (const [kind, phase] of phasesOf()) this.inc({ kind, phase });
    },
  });
  const poolBytes = (name: string, help: string, read: (node: PoolNode) => string | undefined) =>
    new Gauge({
      name,
      help,
      labelNames: ['pool', 'node'],
      registers: [registry],
      collect() {
        this.reset();
        for (const pool of api.informer(pools).list()) {
          for (const node of pool.status?.nodes ?? []) {
            const value = read(node);
            if (value !== undefined) this.set({ pool: pool.metadata.name, node: node.node }, Number(bytesOf(value)));
          }
        }
      },
    });
  poolBytes('moorage_pool_total_bytes', 'Capacity of a pool.', (node) => node.total);
  poolBytes('moorage_pool_used_bytes', 'Bytes that a pool takes on disk.', (node) => node.used);
  poolBytes('moorage_pool_allocated_bytes', 'Bytes that a pool has promised.', (node) => node.allocated);
  poolBytes('moorage_pool_available_bytes', 'Bytes that a pool can still promise.', (node) => node.available);
}

function phases<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  phaseOf: (object: T) => string = (it) => (it as Phased).status?.phase ?? 'Pending',
) {
  const informer = api.informer(kind);
  return function* (): Iterable<readonly [string, string]> {
    for (const object of informer.list()) yield [kind.kind, isDeleting(object) ? 'Terminating' : phaseOf(object)];
  };
}
