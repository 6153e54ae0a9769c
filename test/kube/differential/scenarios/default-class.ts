import { claim, storageClass } from '../objects.ts';
import type { Scenario } from './scenario.ts';

const isDefault = { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } };

/** What claims get that name no class. These run alone: a default class is everybody's. */
export const defaultClass: readonly Scenario[] = [
  {
    name: 'no-default-class',
    alone: true,
    run: async (user) => {
      await user.create(claim('data'));
      await user.hear('pvc/data', 'FailedBinding');
      await user.see('pvc/data');
      // One that comes later is given to the claims that wait.
      await user.create(storageClass(user.name('late'), {}, isDefault));
      await user.untilPhase('pvc/data', 'Bound');
      await user.see('pvc/data', 'see the claim with the class that came later');
      await user.delete(`sc/${user.name('late')}`);
    },
  },
  {
    name: 'default-class',
    alone: true,
    run: async (user) => {
      await user.create(storageClass(user.name('usual'), { provisioner: 'kubernetes.io/no-provisioner' }, isDefault));
      await user.create(claim('data'));
      await user.create(claim('without', { class: '' }));
      await user.hear('pvc/without', 'FailedBinding');
      await user.hear('pvc/data', 'ProvisioningFailed');
      await user.see('pvc/without');
      await user.delete(`sc/${user.name('usual')}`);
    },
  },
  {
    name: 'two-default-classes',
    alone: true,
    run: async (user) => {
      const provisioner = { provisioner: 'kubernetes.io/no-provisioner' };
      await user.have(storageClass(user.name('older'), provisioner, isDefault));
      // Ages are compared in whole seconds.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await user.have(storageClass(user.name('newer'), provisioner, isDefault));
      await user.create(claim('data'));
      await user.delete(`sc/${user.name('older')}`);
      await user.delete(`sc/${user.name('newer')}`);
    },
  },
];
