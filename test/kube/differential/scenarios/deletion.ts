import { claim, storageClass, volume } from '../objects.ts';
import type { Thing, User } from '../user.ts';
import type { Scenario } from './scenario.ts';

async function bound(user: User, fields: Readonly<Record<string, unknown>> = {}): Promise<Thing | undefined> {
  const name = user.name('class');
  await user.have(storageClass(name, fields), claim('data', { class: name }));
  const object = await user.untilPhase('pvc/data', 'Bound');
  await user.untilPhase(`pv/${String(object?.spec?.['volumeName'])}`, 'Bound');
  return object;
}

/** What is protected, what goes with what, and what is kept. */
export const deletion: readonly Scenario[] = [
  {
    name: 'retain',
    run: async (user) => {
      const object = await bound(user, { reclaimPolicy: 'Retain' });
      const name = String(object?.spec?.['volumeName']);
      await user.delete('pvc/data');
      await user.untilGone('pvc/data');
      await user.untilPhase(`pv/${name}`, 'Released');
      await user.see(`pv/${name}`);
      await user.see(`volume/${name}`);
      await user.patch(
        `pv/${name}`,
        { spec: { persistentVolumeReclaimPolicy: 'Delete' } },
        { as: 'let it be deleted' },
      );
      await user.untilGone(`pv/${name}`);
      await user.untilGone(`volume/${name}`);
    },
  },
  {
    name: 'volume-deleted-first',
    run: async (user) => {
      const object = await bound(user);
      const name = String(object?.spec?.['volumeName']);
      await user.delete(`pv/${name}`);
      await user.see(`pv/${name}`, 'see the volume that waits for its claim to go');
      await user.see('pvc/data');
      await user.delete('pvc/data');
      await user.untilGone('pvc/data');
      await user.untilGone(`pv/${name}`);
      await user.untilGone(`volume/${name}`);
    },
  },
  {
    name: 'finalizer-of-somebody',
    run: async (user) => {
      const name = user.name('class');
      await user.have(storageClass(name));
      await user.create(claim('data', { class: name, metadata: { finalizers: ['example.com/mine'] } }));
      await user.untilPhase('pvc/data', 'Bound');
      await user.delete('pvc/data');
      await user.until(
        'pvc/data',
        'only one finalizer left',
        ({ metadata }) => metadata['finalizers']?.toString() === 'example.com/mine',
      );
      await user.see('pvc/data');
      await user.patch(
        'pvc/data',
        { metadata: { finalizers: ['example.com/mine', 'example.com/new'] } },
        { as: 'add another while it goes' },
      );
      await user.patch('pvc/data', { metadata: { finalizers: null } }, { as: 'take the last one' });
      await user.untilGone('pvc/data');
    },
  },
  {
    name: 'namespace',
    run: async (user) => {
      const object = await bound(user);
      const ns = `ns/${user.namespace}` as const;
      await user.have(
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'held', finalizers: ['example.com/mine'] } },
        { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'free' } },
      );
      await user.see(ns);
      await user.delete(ns);
      const conditions = ({ status }: Thing) => JSON.stringify(status?.['conditions'] ?? []);
      await user.until(ns, 'waiting', (it) => conditions(it).includes('SomeFinalizersRemain'));
      await user.untilGone('pvc/data');
      await user.until(ns, 'waiting for the last one', (it) => !conditions(it).includes('persistentvolumeclaims'));
      await user.see(ns, 'see what it waits for');
      await user.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'late' } });
      await user.patch('cm/held', { metadata: { finalizers: null } }, { as: 'take the finalizer' });
      await user.untilGone(ns);
      await user.untilGone(`pv/${String(object?.spec?.['volumeName'])}`);
    },
  },
  {
    name: 'owner',
    run: async (user) => {
      const owner = await user.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'owner' } });
      const ownerReferences = [
        { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata['uid'], blockOwnerDeletion: true },
      ];
      await user.create({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'owned', ownerReferences } });
      await user.delete('cm/owner');
      await user.untilGone('cm/owner');
      await user.untilGone('secret/owned');
    },
  },
  {
    name: 'unused-volume',
    run: async (user) => {
      const name = user.name('one');
      await user.have(volume(name, { storageClassName: user.name('none') }));
      await user.untilPhase(`pv/${name}`, 'Available');
      await user.until(`pv/${name}`, 'protected', ({ metadata }) => metadata['finalizers'] !== undefined);
      await user.delete(`pv/${name}`);
      await user.untilGone(`pv/${name}`);
    },
  },
];
