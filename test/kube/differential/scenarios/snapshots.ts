import { claim, storageClass } from '../objects.ts';
import type { Thing, User } from '../user.ts';
import type { Scenario } from './scenario.ts';

const group = 'snapshot.storage.k8s.io';

function snapshotClass(name: string, fields: Readonly<Record<string, unknown>> = {}, metadata = {}): Thing {
  return {
    apiVersion: `${group}/v1`,
    kind: 'VolumeSnapshotClass',
    metadata: { name, ...metadata },
    driver: 'csi.moorage.dev',
    deletionPolicy: 'Delete',
    ...fields,
  };
}

function snapshot(name: string, spec: Readonly<Record<string, unknown>>): Thing {
  return { apiVersion: `${group}/v1`, kind: 'VolumeSnapshot', metadata: { name }, spec };
}

/** A bound claim `data`, and the names of its class and of a class of snapshots. */
async function boundClaim(user: User, snapshots: Readonly<Record<string, unknown>> = {}) {
  const names = { class: user.name('class'), snapshots: user.name('snapshots') };
  await user.have(storageClass(names.class), snapshotClass(names.snapshots, snapshots), claim('data', names));
  await user.untilPhase('pvc/data', 'Bound');
  return names;
}

const isReady = ({ status }: Thing) => status?.['readyToUse'] === true;

/** Snapshots, and claims made from them and from claims. */
export const snapshots: readonly Scenario[] = [
  {
    name: 'snapshot',
    run: async (user) => {
      const names = await boundClaim(user);
      const source = { persistentVolumeClaimName: 'data' };
      await user.create(snapshot('before', { volumeSnapshotClassName: names.snapshots, source }));
      const ready = await user.until('vs/before', 'ready', isReady);
      const content = `vscontent/${String(ready?.status?.['boundVolumeSnapshotContentName'])}` as const;
      await user.see('vs/before');
      const mark = 'snapshot.storage.kubernetes.io/volumesnapshot-being-created';
      const isMade = ({ metadata }: Thing) => !JSON.stringify(metadata['annotations'] ?? {}).includes(mark);
      await user.until(content, 'no longer marked as being made', isMade);
      await user.see(content);
      await user.hear('vs/before', 'SnapshotReady');
      const dataSource = { apiGroup: group, kind: 'VolumeSnapshot', name: 'before' };
      await user.create(claim('restored', { class: names.class, spec: { dataSource } }));
      await user.untilPhase('pvc/restored', 'Bound');
      await user.see('pvc/restored');
      await user.create(claim('smaller', { class: names.class, size: '8Mi', spec: { dataSource } }));
      await user.hear('pvc/smaller', 'ProvisioningFailed');
      await user.delete('vs/before');
      await user.untilGone('vs/before');
      await user.untilGone(content);
      await user.delete('pvc/smaller');
    },
  },
  {
    name: 'snapshot-is-kept',
    run: async (user) => {
      const names = await boundClaim(user, { deletionPolicy: 'Retain' });
      const source = { persistentVolumeClaimName: 'data' };
      await user.create(snapshot('before', { volumeSnapshotClassName: names.snapshots, source }));
      const ready = await user.until('vs/before', 'ready', isReady);
      const content = `vscontent/${String(ready?.status?.['boundVolumeSnapshotContentName'])}` as const;
      await user.delete('vs/before');
      await user.untilGone('vs/before');
      await user.see(content);
      await user.delete(content);
      await user.untilGone(content);
    },
  },
  {
    name: 'change-snapshot',
    run: async (user) => {
      const names = await boundClaim(user);
      const source = { persistentVolumeClaimName: 'data' };
      await user.have(snapshot('before', { volumeSnapshotClassName: names.snapshots, source }));
      const ready = await user.until('vs/before', 'ready', isReady);
      const content = `vscontent/${String(ready?.status?.['boundVolumeSnapshotContentName'])}` as const;
      await user.patch('vs/before', { spec: { source: { persistentVolumeClaimName: 'other' } } });
      await user.patch('vs/before', { spec: { source: { persistentVolumeClaimName: null } } });
      await user.patch('vs/before', { spec: { volumeSnapshotClassName: '' } });
      await user.patch('vs/before', { metadata: { labels: { tier: 'gold' } } });
      await user.patch('vs/before', { spec: {} }, { type: 'strategic', as: 'a patch that its kind does not take' });
      await user.patch(content, { spec: { source: { volumeHandle: 'other' } } }, { as: 'change the handle' });
      await user.patch(content, { spec: { sourceVolumeMode: 'Block' } }, { as: 'change the mode' });
      await user.patch(content, { spec: { deletionPolicy: 'Retain' } }, { as: 'keep it' });
      await user.patch(`vsclass/${names.snapshots}`, { deletionPolicy: 'Retain' });
      await user.patch(`vsclass/${names.snapshots}`, { deletionPolicy: 'Forget' });
      await user.see('vs/before');
    },
  },
  {
    name: 'snapshot-of-nothing',
    run: async (user) => {
      const names = { snapshots: user.name('snapshots') };
      await user.have(snapshotClass(names.snapshots));
      const source = { persistentVolumeClaimName: 'missing' };
      await user.create(snapshot('of-nothing', { volumeSnapshotClassName: names.snapshots, source }));
      await user.until('vs/of-nothing', 'an error', ({ status }) => status?.['error'] !== undefined);
      await user.hear('vs/of-nothing', 'SnapshotContentCreationFailed');
      await user.see('vs/of-nothing');
      await user.create(snapshot('without-class', { volumeSnapshotClassName: 'no-such-class', source }));
      await user.hear('vs/without-class', 'GetSnapshotClassFailed');
      await user.see('vs/without-class');
    },
  },
  {
    name: 'restore-of-nothing',
    run: async (user) => {
      const name = user.name('class');
      await user.have(storageClass(name));
      const dataSource = { apiGroup: group, kind: 'VolumeSnapshot', name: 'missing' };
      await user.create(claim('data', { class: name, spec: { dataSource } }));
      await user.hear('pvc/data', 'ProvisioningFailed');
      await user.see('pvc/data');
    },
  },
  {
    name: 'clone',
    run: async (user) => {
      const names = await boundClaim(user);
      const dataSource = { kind: 'PersistentVolumeClaim', name: 'data' };
      await user.create(claim('copy', { class: names.class, spec: { dataSource } }));
      await user.untilPhase('pvc/copy', 'Bound');
      await user.see('pvc/copy');
      await user.create(
        claim('of-nothing', { class: names.class, spec: { dataSource: { ...dataSource, name: 'missing' } } }),
      );
      await user.hear('pvc/of-nothing', 'ProvisioningFailed');
      await user.see('pvc/of-nothing');
      const ref = { dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'data' } };
      await user.create(claim('by-reference', { class: names.class, spec: ref }));
      await user.untilPhase('pvc/by-reference', 'Bound');
      await user.see('pvc/by-reference');
      await user.create(
        claim('of-secret', { class: names.class, spec: { dataSource: { kind: 'Secret', name: 'x' } } }),
      );
    },
  },
];
