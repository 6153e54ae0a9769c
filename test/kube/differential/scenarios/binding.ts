import { claim, storageClass, volume } from '../objects.ts';
import type { User } from '../user.ts';
import type { Scenario } from './scenario.ts';

/** Claims and volumes that were made by hand. A class of its own keeps the volumes of each scenario to itself. */
export const binding: readonly Scenario[] = [
  {
    name: 'smallest-that-fits',
    run: async (user) => {
      const storageClassName = user.name('none');
      for (const [name, storage] of [
        ['small', '1Gi'],
        ['middle', '5Gi'],
        ['large', '9Gi'],
      ] as const) {
        await user.create(volume(user.name(name), { storageClassName, capacity: { storage } }));
        await user.untilPhase(`pv/${user.name(name)}`, 'Available');
      }
      await user.see(`pv/${user.name('small')}`);
      await user.create(claim('data', { class: storageClassName, size: '2Gi' }));
      await user.untilPhase('pvc/data', 'Bound');
      await user.see('pvc/data');
      await user.untilPhase(`pv/${user.name('middle')}`, 'Bound');
      await user.see(`pv/${user.name('middle')}`);
      await user.hear('pvc/data');
      await user.delete('pvc/data');
      await user.untilGone('pvc/data');
      // Volumes of NFS are kept when their claim goes: that is the default of what was made by hand.
      await user.untilPhase(`pv/${user.name('middle')}`, 'Released');
      await user.see(`pv/${user.name('middle')}`, 'see the released volume');
      await user.patch(`pv/${user.name('middle')}`, { spec: { claimRef: null } });
      await user.untilPhase(`pv/${user.name('middle')}`, 'Available');
      await user.see(`pv/${user.name('middle')}`, 'see the volume that is free again');
    },
  },
  {
    name: 'nothing-fits',
    run: async (user) => {
      const storageClassName = user.name('none');
      const wishes = {
        'too-small': {},
        'other-mode': { capacity: { storage: '9Gi' }, volumeMode: 'Block' },
        'other-access': { capacity: { storage: '9Gi' }, accessModes: ['ReadOnlyMany'] },
        'other-class': { capacity: { storage: '9Gi' }, storageClassName: user.name('another') },
      };
      for (const [name, wish] of Object.entries(wishes)) {
        await user.have(volume(user.name(name), { storageClassName, ...wish }));
        await user.untilPhase(`pv/${user.name(name)}`, 'Available');
      }
      await user.create(claim('data', { class: storageClassName, size: '5Gi' }));
      await user.hear('pvc/data', 'ProvisioningFailed');
      await user.see('pvc/data');
      await user.have(volume(user.name('fits'), { storageClassName, capacity: { storage: '9Gi' } }));
      await user.untilPhase('pvc/data', 'Bound');
      await user.see('pvc/data', 'see the claim that was met later');
    },
  },
  {
    name: 'selector',
    run: async (user) => {
      const storageClassName = user.name('none');
      for (const tier of ['gold', 'silver']) {
        await user.have(volume(user.name(tier), { storageClassName }, { labels: { tier } }));
        await user.untilPhase(`pv/${user.name(tier)}`, 'Available');
      }
      const selector = { matchLabels: { tier: 'silver' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] };
      await user.create(claim('data', { class: storageClassName, size: '1Gi', spec: { selector } }));
      await user.untilPhase('pvc/data', 'Bound');
      await user.see('pvc/data');
    },
  },
  {
    name: 'selector-and-provisioner',
    run: async (user) => {
      const name = user.name('class');
      await user.have(storageClass(name));
      await user.create(claim('data', { class: name, spec: { selector: { matchLabels: { tier: 'gold' } } } }));
      await user.hear('pvc/data', 'ProvisioningFailed');
      await user.see('pvc/data');
    },
  },
  {
    name: 'claim-names-volume',
    run: async (user) => {
      const storageClassName = user.name('none');
      const names = { spec: { volumeName: user.name('mine') } };
      await user.create(claim('data', { class: storageClassName, ...names }));
      await user.hear('pvc/data');
      await user.see('pvc/data', 'see the claim before its volume is there');
      await user.have(volume(user.name('mine'), { storageClassName }));
      await user.untilPhase('pvc/data', 'Bound');
      await user.see('pvc/data');
      await user.see(`pv/${user.name('mine')}`);
      await user.create(claim('late', { class: storageClassName, ...names }));
      await user.hear('pvc/late', 'FailedBinding');
      await user.see('pvc/late');
    },
  },
  {
    name: 'named-volume-does-not-fit',
    run: async (user) => {
      const storageClassName = user.name('none');
      const cases = {
        'too-small': {},
        mode: { capacity: { storage: '9Gi' }, volumeMode: 'Block' },
        access: { capacity: { storage: '9Gi' }, accessModes: ['ReadOnlyMany'] },
        class: { capacity: { storage: '9Gi' }, storageClassName: user.name('another') },
      };
      for (const [name, wish] of Object.entries(cases)) {
        await user.have(volume(user.name(name), { storageClassName, ...wish }));
        await user.untilPhase(`pv/${user.name(name)}`, 'Available');
        const spec = { volumeName: user.name(name) };
        await user.create(claim(name, { class: storageClassName, size: '5Gi', spec }));
        await user.hear(`pvc/${name}`, 'VolumeMismatch');
        await user.see(`pvc/${name}`);
      }
    },
  },
  {
    name: 'volume-names-claim',
    run: async (user) => {
      const storageClassName = user.name('none');
      const claimRef = { namespace: user.namespace, name: 'data' };
      await user.create(volume(user.name('reserved'), { storageClassName, claimRef }));
      await user.untilPhase(`pv/${user.name('reserved')}`, 'Available');
      await user.have(volume(user.name('free'), { storageClassName }));
      await user.untilPhase(`pv/${user.name('free')}`, 'Available');
      await user.create(claim('other', { class: storageClassName, size: '1Gi' }));
      await user.untilPhase('pvc/other', 'Bound');
      await user.create(claim('data', { class: storageClassName, size: '1Gi' }));
      await user.untilPhase('pvc/data', 'Bound');
      await user.see('pvc/data');
      await user.see('pvc/other');
      await user.untilPhase(`pv/${user.name('reserved')}`, 'Bound');
      await user.see(`pv/${user.name('reserved')}`);
    },
  },
  {
    name: 'volume-reserved-for-claim-of-another-size',
    run: async (user) => {
      const storageClassName = user.name('none');
      const claimRef = { namespace: user.namespace, name: 'data' };
      await user.have(volume(user.name('reserved'), { storageClassName, claimRef }));
      await user.untilPhase(`pv/${user.name('reserved')}`, 'Available');
      await user.create(claim('data', { class: storageClassName, size: '5Gi' }));
      await seeBoth(user, 'reserved', 'Bound');
    },
  },
  {
    name: 'volume-was-for-another-claim',
    run: async (user) => {
      const storageClassName = user.name('none');
      const uid = '11111111-2222-3333-4444-555555555555';
      const claimRef = {
        kind: 'PersistentVolumeClaim',
        apiVersion: 'v1',
        namespace: user.namespace,
        name: 'data',
        uid,
      };
      await user.create(volume(user.name('old'), { storageClassName, claimRef }));
      await user.untilPhase(`pv/${user.name('old')}`, 'Released');
      await user.see(`pv/${user.name('old')}`);
      await user.create(claim('data', { class: storageClassName, size: '1Gi' }));
      await user.hear('pvc/data', 'ProvisioningFailed');
      await user.see('pvc/data');
    },
  },
  {
    name: 'volume-goes-under-its-claim',
    run: async (user) => {
      const storageClassName = user.name('none');
      await user.have(volume(user.name('one'), { storageClassName }));
      await user.untilPhase(`pv/${user.name('one')}`, 'Available');
      await user.have(claim('data', { class: storageClassName, size: '1Gi' }));
      await user.untilPhase('pvc/data', 'Bound');
      await user.untilPhase(`pv/${user.name('one')}`, 'Bound');
      await user.delete(`pv/${user.name('one')}`);
      await user.until(`pv/${user.name('one')}`, 'deleted', ({ metadata }) => metadata.deletionTimestamp !== undefined);
      await user.see(`pv/${user.name('one')}`, 'see the volume that waits for its claim to go');
      await user.patch(
        `pv/${user.name('one')}`,
        { metadata: { finalizers: null } },
        { as: 'take the protection away' },
      );
      await user.untilGone(`pv/${user.name('one')}`);
      await user.untilPhase('pvc/data', 'Lost');
      await user.see('pvc/data');
      await user.hear('pvc/data', 'ClaimLost');
    },
  },
  {
    name: 'reclaim-delete-of-nfs',
    run: async (user) => {
      const storageClassName = user.name('none');
      const name = user.name('one');
      await user.have(volume(name, { storageClassName, persistentVolumeReclaimPolicy: 'Delete' }));
      await user.untilPhase(`pv/${name}`, 'Available');
      await user.have(claim('data', { class: storageClassName, size: '1Gi' }));
      await user.untilPhase(`pv/${name}`, 'Bound');
      await user.untilPhase('pvc/data', 'Bound');
      await user.delete('pvc/data');
      await user.untilPhase(`pv/${name}`, 'Failed');
      await user.see(`pv/${name}`);
      await user.hear(`pv/${name}`, 'VolumeFailedDelete');
    },
  },
  {
    name: 'read-write-once-pod',
    run: async (user) => {
      const storageClassName = user.name('none');
      const accessModes = ['ReadWriteOncePod'];
      await user.create(volume(user.name('one'), { storageClassName, accessModes }));
      await user.untilPhase(`pv/${user.name('one')}`, 'Available');
      await user.create(claim('data', { class: storageClassName, size: '1Gi', spec: { accessModes } }));
      await seeBoth(user, 'one', 'Bound');
    },
  },
];

async function seeBoth(user: User, volumeName: string, phase: string): Promise<void> {
  await user.untilPhase('pvc/data', phase);
  await user.see('pvc/data');
  await user.untilPhase(`pv/${user.name(volumeName)}`, phase);
  await user.see(`pv/${user.name(volumeName)}`);
}
