import { fail } from '../../../lib/errors.ts';
import { type VolumeSnapshot, volumeSnapshotClasses, volumeSnapshots } from '../../../model/kinds/index.ts';
import { connect, namespaceOf } from '../../connection.ts';
import { getClaim, newestEvent, readTimeout } from '../../objects/claims.ts';
import { waitFor } from '../../objects/wait-for.ts';
import { humanQuantity } from '../../output/human.ts';
import { printObject } from '../../output/print.ts';
import { Progress } from '../../output/progress.ts';
import type { Call } from '../../verb.ts';

/** Takes a snapshot of a claim, and waits until it can be restored. */
export async function snapshot({ args, flags, terminal }: Call): Promise<number> {
  const [claimName = '', name = `${claimName}-${stamp(new Date())}`] = args;
  await using api = await connect(flags);
  const namespace = namespaceOf(flags, api);
  using progress = new Progress(terminal, `taking snapshot ${name} of ${claimName}`);
  await getClaim(api, namespace, claimName);
  if ((await api.list(volumeSnapshotClasses, { limit: 1 })).items.length === 0) {
    fail('not-ready', `there is no VolumeSnapshotClass, which says how snapshots are taken: ${howToMakeAClass}`);
  }
  const wish: VolumeSnapshot = {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshot',
    metadata: { name, namespace },
    spec: { source: { persistentVolumeClaimName: claimName } },
  };
  const made = await api.create(volumeSnapshots, wish);
  const ready = await waitFor({
    api,
    kind: volumeSnapshots,
    ref: { namespace, name },
    timeout: readTimeout(flags.timeout),
    until: (it) => {
      if (!it) return fail('not-found', `snapshot ${name} was deleted by somebody else`);
      const error = it.status?.error?.message;
      if (error) progress.update(`taking snapshot ${name} of ${claimName}: ${error}`);
      return it.status?.readyToUse === true;
    },
    late: async (last) => {
      const why = last?.status?.error?.message ?? (await newestEvent(api, made))?.message;
      return `it is not ready yet${why ? ` (${why})` : ''}; it stays, and "moorage explain vs/${name}" tells more`;
    },
  });
  progress[Symbol.dispose]();
  if (await printObject(volumeSnapshots, ready ?? made, flags.output, terminal)) return 0;
  const size = humanQuantity(ready?.status?.restoreSize);
  terminal.out(
    `Snapshot ${name} of ${claimName} is ready (${size}). Restore it with: moorage restore ${name} NEWCLAIM`,
  );
  return 0;
}

const howToMakeAClass = `create one with
kubectl apply -f - <<EOF
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata: { name: standard, annotations: { snapshot.storage.kubernetes.io/is-default-class: "true" } }
driver: csi.moorage.dev
deletionPolicy: Delete
EOF`;

/** 20261121-060102, in UTC. */
function stamp(now: Date): string {
  return now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}
