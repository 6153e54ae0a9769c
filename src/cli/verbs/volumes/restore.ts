import { fail } from '../../../lib/errors.ts';
import { persistentVolumeClaims, volumeSnapshots } from '../../../model/kinds/index.ts';
import { bytesOf } from '../../../model/quantity.ts';
import { connect, namespaceOf } from '../../connection.ts';
import { claimLike, readSize, readTimeout, waitBound } from '../../objects/claims.ts';
import { Progress } from '../../output/progress.ts';
import type { Call } from '../../verb.ts';
import { sayBound } from './clone.ts';

/** Makes a new claim from a snapshot, and waits until it is bound. */
export async function restore({ args, flags, terminal }: Call): Promise<number> {
  const [snapshotName = '', name = ''] = args;
  await using api = await connect(flags);
  const namespace = namespaceOf(flags, api);
  using progress = new Progress(terminal, `restoring ${snapshotName} into ${name}`);
  const snapshot = await api.get(volumeSnapshots, { namespace, name: snapshotName });
  if (!snapshot) {
    const { items } = await api.list(volumeSnapshots, { namespace });
    const names = items.map(({ metadata }) => metadata.name).join(', ') || 'none';
    return fail('not-found', `there is no snapshot ${snapshotName} in namespace ${namespace}; it has: ${names}`);
  }
  const from = snapshot.spec.source.persistentVolumeClaimName ?? undefined;
  const like = from ? await api.get(persistentVolumeClaims, { namespace, name: from }) : undefined;
  const least = snapshot.status?.restoreSize;
  if (!flags.size && !least) {
    fail('not-ready', `snapshot ${snapshotName} does not know its size yet: wait until it is ready, or give --size`);
  }
  const size = flags.size ? readSize(flags.size) : bytesOf(least ?? '0');
  if (least && size < bytesOf(least)) {
    fail('invalid', `--size ${flags.size}: snapshot ${snapshotName} needs at least ${least}`);
  }
  const source = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: snapshotName };
  const wish = claimLike({ like, name, namespace, storageClass: flags.storageClass, size, source });
  const made = await api.create(persistentVolumeClaims, wish);
  const bound = await waitBound(api, made, progress, readTimeout(flags.timeout));
  return sayBound({ made, bound, progress, what: `snapshot ${snapshotName}`, flags, terminal });
}
