import { fail } from '../../../lib/errors.ts';
import { kindByName } from '../../../model/kinds/index.ts';
import type { KubeObject } from '../../../model/object.ts';
import { connect, namespaceOf } from '../../connection.ts';
import { explainClaim } from '../../explain/claim.ts';
import {
  explainMount,
  explainPersistentVolume,
  explainPool,
  explainSnapshot,
  explainVolume,
  explainVolumeSnapshot,
} from '../../explain/others.ts';
import { printReport, type Report } from '../../explain/report.ts';
import { printData } from '../../output/print.ts';
import type { Call } from '../../verb.ts';
import { readWorld, type World } from '../../world/world.ts';

/** Says why an object is where it is, or why it is not. */
export async function explain({ args, flags, terminal }: Call): Promise<number> {
  const [what = ''] = args;
  const [kindName = '', name = ''] = what.split('/', 2);
  if (!kindName || !name) fail('invalid', `explain ${what}: write KIND/NAME, as in pvc/data`);
  const kind =
    kindByName(kindName)?.kind ??
    fail('invalid', `explain ${what}: there is no kind ${kindName}; it is one of ${kinds}`);
  await using api = await connect(flags);
  const world = await readWorld(api);
  const report = reportOf(world, kind, kindName, namespaceOf(flags, api), name);
  if (!(await printData(report, flags.output, terminal))) terminal.out(printReport(report, terminal));
  return 0;
}

const kinds = 'pvc, pv, volume, mount, pool, snapshot, volumesnapshot';

function reportOf(world: World, kind: string, kindName: string, namespace: string, name: string): Report {
  switch (kind) {
    case 'PersistentVolumeClaim':
      return explainClaim(world, find(world.claims, name, kindName, namespace));
    case 'PersistentVolume':
      return explainPersistentVolume(world, find(world.pvs, name, kindName));
    case 'Volume':
      return explainVolume(world, find(world.volumes, name, kindName));
    case 'Mount':
      return explainMount(world, find(world.mounts, name, kindName, namespace));
    case 'Pool':
      return explainPool(world, find(world.pools, name, kindName));
    case 'VolumeSnapshot':
      return explainVolumeSnapshot(world, find(world.volumeSnapshots, name, kindName, namespace));
    case 'Snapshot': {
      // People say snapshot for both kinds: the one that they made first.
      const wish = world.volumeSnapshots.find((it) => it.metadata.name === name && it.metadata.namespace === namespace);
      return wish ? explainVolumeSnapshot(world, wish) : explainSnapshot(world, find(world.snapshots, name, kindName));
    }
    default:
      return fail('invalid', `${kindName} can't be explained; it is one of ${kinds}`);
  }
}

function find<T extends KubeObject>(list: readonly T[], name: string, kindName: string, namespace?: string): T {
  const candidates = list.filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace);
  const found = candidates.find(({ metadata }) => metadata.name === name);
  if (found) return found;
  const elsewhere = list.find(({ metadata }) => metadata.name === name)?.metadata.namespace;
  if (elsewhere)
    return fail(
      'not-found',
      `there is no ${kindName}/${name} in namespace ${namespace}, but in ${elsewhere}: add -n ${elsewhere}`,
    );
  const names = candidates.slice(0, 10).map(({ metadata }) => metadata.name);
  return fail('not-found', `there is no ${kindName}/${name}; there are: ${names.join(', ') || 'none'}`);
}
