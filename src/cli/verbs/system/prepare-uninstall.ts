import type { KubeApi } from '../../../api/kube/index.ts';
import { exitCodes, isCode } from '../../../lib/errors.ts';
import type { Kind } from '../../../model/kind.ts';
import {
  csiDrivers,
  driverName,
  persistentVolumes,
  snapshots,
  volumeSnapshotContents,
  volumes,
} from '../../../model/kinds/index.ts';
import type { KubeObject } from '../../../model/object.ts';
import { connect } from '../../connection.ts';
import { removeDefaultPools } from '../../uninstall/default-pools.ts';
import { reasonsAgainst } from '../../uninstall/reasons.ts';
import type { Call } from '../../verb.ts';

/** On the CSIDriver: volumes that no pod uses may stay behind. The chart's uninstall.keepVolumes sets it. */
const keepAnnotation = 'moorage.dev/keep-volumes';

/** Milliseconds for the agents to remove the pools that they made. */
const patience = 60_000;

/**
 * Says whether Moorage may be taken away from the cluster, and if not why. Where no volume is left, the agents' own
 * pools go now, while there is somebody to remove them. Returns 0, or the exit code of `in-use`.
 */
export async function prepareUninstall({ flags, terminal }: Call): Promise<number> {
  await using api = await connect(flags);
  const driver = await api.get(csiDrivers, { name: driverName });
  const keepVolumes = driver?.metadata.annotations?.[keepAnnotation] === 'true';
  const reasons = reasonsAgainst(
    {
      persistentVolumes: await all(api, persistentVolumes),
      contents: await all(api, volumeSnapshotContents),
      volumes: await all(api, volumes),
      snapshots: await all(api, snapshots),
    },
    keepVolumes,
  );
  if (reasons.length === 0) {
    const removed = keepVolumes ? [] : await removeDefaultPools(api, patience);
    terminal.out(keepVolumes ? 'Volumes stay as they are, and no pod uses one.' : 'No volume is left.');
    if (removed.length > 0) terminal.out(`Removed the pools that agents had made: ${removed.join(', ')}.`);
    return 0;
  }
  terminal.note('Moorage is not uninstalled, since nobody would look after its volumes:');
  for (const reason of reasons) terminal.note(`  ${reason}`);
  if (!keepVolumes) {
    terminal.note('To keep them, with their data, for a later install, say so and uninstall again:');
    terminal.note(`  kubectl annotate csidriver ${driverName} ${keepAnnotation}=true`);
  }
  if (flags.undo) terminal.note(`To go on with Moorage instead:\n  ${flags.undo}`);
  return exitCodes['in-use'];
}

/** All objects of a kind; none of a kind that the API does not serve. */
async function all<T extends KubeObject>(api: KubeApi, kind: Kind<T>): Promise<readonly T[]> {
  try {
    return (await api.list(kind)).items;
  } catch (error) {
    if (isCode(error, 'not-found')) return [];
    throw error;
  }
}
