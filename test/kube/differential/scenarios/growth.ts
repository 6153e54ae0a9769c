import { claim, storageClass, volume } from '../objects.ts';
import type { Scenario } from './scenario.ts';

const size = (storage: string) => ({ spec: { resources: { requests: { storage } } } });

/** Claims that are to become larger. */
export const growth: readonly Scenario[] = [
  {
    name: 'growth',
    run: async (user) => {
      const name = user.name('class');
      await user.have(storageClass(name, { allowVolumeExpansion: true }));
      await user.have(claim('unbound', { class: user.name('missing') }));
      await user.patch('pvc/unbound', size('32Mi'), { as: 'grow before it is bound', type: 'strategic' });
      await user.create(claim('data', { class: name }));
      await user.untilPhase('pvc/data', 'Bound');
      await user.patch('pvc/data', size('64Mi'), { as: 'grow' });
      await user.until('pvc/data', 'grown', ({ status }) =>
        String(JSON.stringify(status?.['capacity'])).includes('64Mi'),
      );
      await user.see('pvc/data');
      await user.hear('pvc/data', 'Provisioning', 'ProvisioningSucceeded');
      await user.patch('pvc/data', size('48Mi'), { as: 'shrink' });
      await user.patch('pvc/data', size('63Mi'), { as: 'shrink a little' });
    },
  },
  {
    name: 'growth-not-allowed',
    run: async (user) => {
      const name = user.name('class');
      await user.have(storageClass(name, { allowVolumeExpansion: false }));
      await user.have(claim('data', { class: name }));
      await user.untilPhase('pvc/data', 'Bound');
      await user.patch('pvc/data', size('64Mi'), { as: 'grow' });
      await user.patch('pvc/data', size('1Mi'), { as: 'shrink' });
      await user.patch('pvc/data', size('lots'), { as: 'grow to nonsense' });
    },
  },
  {
    name: 'growth-of-static-volume',
    run: async (user) => {
      const storageClassName = user.name('none');
      await user.have(volume(user.name('one'), { storageClassName }));
      await user.untilPhase(`pv/${user.name('one')}`, 'Available');
      await user.have(claim('data', { class: storageClassName, size: '1Gi' }));
      await user.untilPhase('pvc/data', 'Bound');
      await user.patch('pvc/data', size('2Gi'), { as: 'grow without a class' });
      await user.have(
        storageClass(storageClassName, { provisioner: 'kubernetes.io/no-provisioner', allowVolumeExpansion: true }),
      );
      await user.untilAllowed('pvc/data', size('2Gi'));
      await user.patch('pvc/data', size('2Gi'), { as: 'grow with a class that allows it' });
      await user.hear('pvc/data');
    },
  },
];
