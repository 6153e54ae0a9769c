import { claim, storageClass } from '../objects.ts';
import type { Scenario } from './scenario.ts';

/** Claims that are met by making a volume, and claims that can't be. */
export const claims: readonly Scenario[] = [
  {
    name: 'dynamic',
    run: async (user) => {
      const name = user.name('class');
      await user.create(storageClass(name));
      await user.create(claim('data', { class: name }));
      const bound = await user.untilPhase('pvc/data', 'Bound');
      const volumeName = String(bound?.spec?.['volumeName']);
      await user.see('pvc/data');
      await user.untilPhase(`pv/${volumeName}`, 'Bound');
      await user.see(`pv/${volumeName}`);
      await user.see(`volume/${volumeName}`);
      await user.hear('pvc/data', 'Provisioning', 'ProvisioningSucceeded');
      await user.delete('pvc/data');
      await user.untilGone('pvc/data');
      await user.untilGone(`pv/${volumeName}`);
      await user.untilGone(`volume/${volumeName}`);
    },
  },
  {
    name: 'no-such-class',
    run: async (user) => {
      await user.create(claim('data', { class: user.name('missing') }));
      await user.hear('pvc/data', 'ProvisioningFailed');
      await user.see('pvc/data');
    },
  },
  {
    name: 'no-class',
    run: async (user) => {
      await user.create(claim('data', { class: '' }));
      await user.hear('pvc/data', 'FailedBinding');
      await user.see('pvc/data');
    },
  },
  {
    name: 'wait-for-consumer',
    run: async (user) => {
      const name = user.name('class');
      await user.create(storageClass(name, { volumeBindingMode: 'WaitForFirstConsumer' }));
      await user.create(claim('data', { class: name }));
      await user.hear('pvc/data', 'WaitForFirstConsumer');
      await user.see('pvc/data');
    },
  },
  {
    name: 'foreign-provisioner',
    run: async (user) => {
      const name = user.name('class');
      await user.have(storageClass(name, { provisioner: 'csi.example.com' }));
      await user.create(claim('data', { class: name }));
      await user.hear('pvc/data', 'ExternalProvisioning');
      await user.see('pvc/data');
    },
  },
];
