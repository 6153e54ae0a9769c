import { createHash, randomBytes, randomInt } from 'node:crypto';
import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectKube, type KubeApi } from '../src/api/kube/index.ts';
import { sleep } from '../src/lib/clock.ts';
import { messageOf } from '../src/lib/errors.ts';
import {
  mounts,
  persistentVolumeClaims,
  persistentVolumes,
  snapshots,
  storageClasses,
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
  volumes,
} from '../src/model/kinds/index.ts';
import { leftovers } from './support/leftovers.ts';
import { Program } from './support/program.ts';

// Moorage is killed again and again while claims come and go; what was acknowledged must hold, and nothing may leak.

const kills = Number(process.env['MOORAGE_KILLS'] ?? 30);
const workers = 4;
/** Odd workers use ext4 and even ones XFS, which alone may grow while it is mounted without CAP_SYS_RESOURCE. */
const fileSystems = ['xfs', 'ext4'] as const;
const sizes = { xfs: ['300Mi', '320Mi', '340Mi'], ext4: ['32Mi', '48Mi', '64Mi'] } as const;
let home: string;
let program: Program;
let api: KubeApi;
let over = false;
/** What went wrong for good: a broken promise, never a call that found Moorage dead. */
const broken: string[] = [];
const done = { cycles: 0, verified: 0, restored: 0, grown: 0 };

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'moorage-kill-'));
  program = new Program({ data: join(home, 'data') });
  await program.start();
  api = connectKube({ kubeconfig: program.kubeconfig });
  const named = (name: string) => ({ name });
  for (const fsType of fileSystems) {
    await api.create(storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: fsType },
      provisioner: 'csi.moorage.dev',
      parameters: { 'csi.storage.k8s.io/fstype': fsType },
      allowVolumeExpansion: true,
    });
  }
  await api.create(volumeSnapshotClasses, {
    apiVersion: 'snapshot.storage.k8s.io/v1',
    kind: 'VolumeSnapshotClass',
    metadata: named('drill'),
    driver: 'csi.moorage.dev',
    deletionPolicy: 'Delete',
  });
});

afterAll(async () => {
  over = true;
  await program?.end('SIGTERM');
  await rm(home, { recursive: true, force: true });
});

/** Does it until it succeeds, however often Moorage is dead meanwhile; each call may come twice. */
async function insist<T>(what: string, work: () => Promise<T>): Promise<T> {
  const until = performance.now() + 90_000;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until) throw new Error(`${what}: ${messageOf(error)}`);
      await sleep(randomInt(10, 60));
    }
  }
}

/** Waits until `look` finds what it wants, asking again through every restart. */
async function until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
  return insist(what, async () => {
    const found = await look();
    if (!found) throw new Error('not yet');
    return found;
  });
}

async function createClaim(name: string, storageClassName: string, size: string, from?: string): Promise<void> {
  await insist(`create claim ${name}`, async () => {
    const there = await api.get(persistentVolumeClaims, { namespace: 'default', name });
    if (there) return;
    await api.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'default' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName,
        resources: { requests: { storage: size } },
        ...(from ? { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: from } } : {}),
      },
    });
  });
}

async function mount(name: string, path: string): Promise<void> {
  await insist(`create mount ${name}`, async () => {
    if (await api.get(mounts, { namespace: 'default', name })) return;
    await api.create(mounts, {
      apiVersion: 'moorage.dev/v1alpha1',
      kind: 'Mount',
      metadata: { name, namespace: 'default' },
      spec: { claim: name, path, readOnly: false },
    });
  });
  await until(
    `mount of ${name}`,
    async () => (await api.get(mounts, { namespace: 'default', name }))?.status?.phase === 'Mounted',
  );
}

async function remove(
  kind: typeof mounts | typeof persistentVolumeClaims | typeof volumeSnapshots,
  name: string,
): Promise<void> {
  await until(`deletion of ${kind.kind} ${name}`, async () => {
    await api.delete(kind as typeof mounts, { namespace: 'default', name });
    return (await api.get(kind as typeof mounts, { namespace: 'default', name })) === undefined;
  });
}

/** Writes random bytes and waits until they are on disk; from then on they are acknowledged. */
async function write(path: string): Promise<string> {
  const bytes = randomBytes(randomInt(1, 4) * 1_000_000);
  const file = await open(join(path, 'data'), 'w');
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  return createHash('sha256').update(bytes).digest('hex');
}

async function check(path: string, digest: string, what: string): Promise<void> {
  const found = createHash('sha256')
    .update(await readFile(join(path, 'data')))
    .digest('hex');
  if (found === digest) done.verified++;
  else broken.push(`${what}: the data changed`);
}

/** The whole life of a claim, its snapshot and a restored copy. */
async function cycle(worker: number, round: number): Promise<void> {
  const name = `w${worker}-${round}`;
  const copy = `${name}-copy`;
  const paths = { name: join(home, name), copy: join(home, copy) };
  const fsType = fileSystems[worker % 2] ?? 'xfs';
  const [size, larger, copySize] = sizes[fsType];
  await createClaim(name, fsType, size);
  await mount(name, paths.name);
  const digest = await write(paths.name);
  await insist(`snapshot ${name}`, async () => {
    if (await api.get(volumeSnapshots, { namespace: 'default', name })) return;
    await api.create(volumeSnapshots, {
      apiVersion: 'snapshot.storage.k8s.io/v1',
      kind: 'VolumeSnapshot',
      metadata: { name, namespace: 'default' },
      spec: { source: { persistentVolumeClaimName: name }, volumeSnapshotClassName: 'drill' },
    });
  });
  if (fsType === 'ext4') await remove(mounts, name);
  await insist(`grow ${name}`, () =>
    api.patch(
      persistentVolumeClaims,
      { namespace: 'default', name },
      { type: 'merge', body: { spec: { resources: { requests: { storage: larger } } } } },
    ),
  );
  if (fsType === 'ext4') await mount(name, paths.name);
  await until(
    `growth of ${name}`,
    async () =>
      (await api.get(persistentVolumeClaims, { namespace: 'default', name }))?.status?.capacity?.['storage'] === larger,
  );
  done.grown++;
  await until(
    `snapshot of ${name}`,
    async () => (await api.get(volumeSnapshots, { namespace: 'default', name }))?.status?.readyToUse,
  );
  await check(paths.name, digest, `${name} after growth`);
  if (round % 2 === 0) {
    await remove(mounts, name);
    await mount(name, paths.name);
    await check(paths.name, digest, `${name} mounted again`);
  }
  await createClaim(copy, fsType, copySize, name);
  await mount(copy, paths.copy);
  await check(paths.copy, digest, copy);
  done.restored++;
  await Promise.all([remove(mounts, name), remove(mounts, copy)]);
  await Promise.all([
    remove(persistentVolumeClaims, name),
    remove(persistentVolumeClaims, copy),
    remove(volumeSnapshots, name),
  ]);
  done.cycles++;
}

test(`${kills} times kill -9 during a churn of claims: nothing is lost, nothing leaks`, {
  timeout: 1_500_000,
}, async () => {
  await mkdir(home, { recursive: true });
  const churn = Array.from({ length: workers }, async (_, worker) => {
    for (let round = 0; !over; round++) await cycle(worker, round).catch((error) => void broken.push(messageOf(error)));
  });
  const enough = (kill: number) => kill >= kills && done.cycles > workers;
  for (let kill = 0; !enough(kill) && broken.length === 0; kill++) {
    await sleep(randomInt(20, 1_500));
    await program.end('SIGKILL');
    await program.start();
  }
  over = true;
  await Promise.all(churn);
  expect(broken).toEqual([]);
  expect(done.cycles).toBeGreaterThan(workers);
  expect(done.verified).toBeGreaterThan(done.cycles);

  for (const kind of [
    mounts,
    persistentVolumeClaims,
    persistentVolumes,
    volumeSnapshots,
    volumeSnapshotContents,
    volumes,
    snapshots,
  ]) {
    await until(
      `the end of all ${kind.plural}`,
      async () => (await api.list(kind as typeof mounts)).items.length === 0,
    );
  }
  const inventory = await program.run('inventory', '-o', 'json');
  expect(JSON.parse(inventory.stdout)).toEqual([]);
  await program.end('SIGTERM');
  expect(await leftovers(home)).toEqual([]);
  console.log(`${kills} kills, ${JSON.stringify(done)}`);
});
