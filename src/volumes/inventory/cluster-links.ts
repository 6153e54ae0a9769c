import type { Api } from '../../api/api.ts';
import { sleep } from '../../lib/clock.ts';
import {
  type Difference,
  persistentVolumeClaims,
  persistentVolumes,
  snapshots,
  volumeSnapshotContents,
  volumeSnapshots,
  volumes,
} from '../../model/kinds/index.ts';
import { listAll } from '../references/list-all.ts';
import { confirmed, type Finding } from './finding.ts';
import { compareLinks } from './links.ts';
import { secondLook } from './look.ts';

/** The differences among the objects of a whole cluster, which the agents of its nodes do not see. */
export async function lookAtLinks(api: Api): Promise<Difference[]> {
  const first = await lookOnce(api);
  if (first.length === 0) return [];
  await sleep(secondLook);
  const sure = confirmed(first, await lookOnce(api));
  return sure.map(({ momentary: _, remedy: __, ...difference }) => difference);
}

async function lookOnce(api: Api): Promise<Finding[]> {
  const [claims, pvs, volumeList, wishes, contents, snapshotList] = await Promise.all([
    listAll(api, persistentVolumeClaims),
    listAll(api, persistentVolumes),
    listAll(api, volumes),
    listAll(api, volumeSnapshots),
    listAll(api, volumeSnapshotContents),
    listAll(api, snapshots),
  ]);
  return compareLinks({
    claims,
    persistentVolumes: pvs,
    volumes: volumeList,
    volumeSnapshots: wishes,
    contents,
    snapshots: snapshotList,
    now: Date.now(),
  });
}
