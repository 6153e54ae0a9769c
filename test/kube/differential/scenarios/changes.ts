import { claim, storageClass, volume } from '../objects.ts';
import type { Scenario } from './scenario.ts';

/** What may be changed of an object that is there, and what a server says to requests that it does not understand. */
export const changes: readonly Scenario[] = [
  {
    name: 'change-claim',
    run: async (user) => {
      const storageClassName = user.name('none');
      await user.have(claim('data', { class: storageClassName, size: '1Gi' }));
      await user.patch('pvc/data', { metadata: { labels: { tier: 'gold' }, annotations: { note: 'x' } } });
      await user.patch('pvc/data', { metadata: { labels: { tier: null } } });
      await user.patch('pvc/data', { spec: { accessModes: ['ReadOnlyMany'] } });
      await user.patch('pvc/data', { spec: { storageClassName: 'other' } });
      await user.patch('pvc/data', { spec: { volumeMode: 'Block' } });
      await user.patch('pvc/data', { spec: { selector: { matchLabels: { a: 'b' } } } });
      await user.patch('pvc/data', { spec: { dataSource: { kind: 'PersistentVolumeClaim', name: 'x' } } });
      await user.patch('pvc/data', { metadata: { name: 'other' } });
      await user.patch('pvc/data', { metadata: { uid: 'x' } });
      await user.patch('pvc/data', { metadata: { resourceVersion: '1' } });
      await user.patch('pvc/data', { kind: 'Secret' });
      await user.patch('pvc/data', [{ op: 'replace', path: '/spec/nothing/there', value: 1 }], { type: 'json' });
      await user.patch('pvc/data', [{ op: 'test', path: '/metadata/name', value: 'x' }], { type: 'json' });
      await user.patch('pvc/data', { status: { phase: 'Bound' } });
      await user.patch('pvc/missing', { metadata: { labels: { a: 'b' } } });
      await user.see('pvc/data');
    },
  },
  {
    name: 'change-volume',
    run: async (user) => {
      const name = user.name('one');
      const ref = `pv/${name}` as const;
      await user.have(volume(name, { storageClassName: user.name('none') }));
      await user.untilPhase(ref, 'Available');
      await user.patch(ref, { spec: { nfs: { path: '/other' } } });
      await user.patch(ref, { spec: { capacity: { storage: '2Gi' } } });
      await user.patch(ref, { spec: { persistentVolumeReclaimPolicy: 'Delete' } });
      await user.patch(ref, { spec: { persistentVolumeReclaimPolicy: 'Forget' } });
      await user.patch(ref, { spec: { accessModes: ['ReadWriteMany'] } });
      await user.patch(ref, { spec: { volumeMode: 'Block' } });
      await user.patch(ref, { spec: { hostPath: { path: '/data' } } });
      await user.patch(ref, { spec: { mountOptions: ['ro'] } });
      await user.see(ref);
    },
  },
  {
    name: 'change-class',
    run: async (user) => {
      const name = user.name('class');
      const ref = `sc/${name}` as const;
      await user.have(storageClass(name, { parameters: { fsType: 'ext4' } }));
      await user.patch(ref, { parameters: { fsType: 'xfs' } });
      await user.patch(ref, { provisioner: 'other.example.com' });
      await user.patch(ref, { reclaimPolicy: 'Retain' });
      await user.patch(ref, { volumeBindingMode: 'WaitForFirstConsumer' });
      await user.patch(ref, { allowVolumeExpansion: true });
      await user.patch(ref, { mountOptions: ['ro'] });
      await user.see(ref);
    },
  },
  {
    name: 'requests',
    run: async (user) => {
      const claims = `/api/v1/namespaces/${user.namespace}/persistentvolumeclaims`;
      const text = 'text/plain';
      await user.have(claim('data', { class: '' }));
      await user.create(claim('data', { class: '' }), 'create it twice');
      await user.ask('GET', `${claims}/missing`);
      await user.ask('DELETE', `${claims}/missing`);
      await user.ask('GET', `/api/v1/namespaces/${user.namespace}/nothings`);
      await user.ask('GET', '/apis/example.com/v1/things');
      await user.ask('POST', `${claims}/data`, claim('data'));
      await user.ask('PUT', claims, claim('data'));
      await user.ask('POST', claims, '{"kind":', 'application/json');
      await user.ask('POST', claims, 'hello', text);
      await user.ask('POST', claims, { ...claim('x'), kind: 'Secret' });
      await user.ask('POST', claims, { ...claim('x'), apiVersion: 'v2' });
      await user.ask('POST', claims, { metadata: { name: 'x' } });
      await user.ask('POST', `${claims}?fieldValidation=Strict`, claim('strict', { spec: { acessModes: [] } }));
      await user.ask('POST', `${claims}?fieldValidation=Maybe`, claim('maybe', { class: '' }));
      await user.ask('POST', `${claims}?dryRun=All`, claim('dry', { class: '' }));
      await user.ask('POST', `${claims}?dryRun=Some`, claim('dry', { class: '' }));
      await user.ask('POST', '/api/v1/namespaces/missing/persistentvolumeclaims', claim('x'));
      await user.ask('GET', `${claims}?fieldSelector=spec.size%3D1`);
      await user.ask('GET', `${claims}?labelSelector=a%20b%20c`);
      await user.ask('GET', `${claims}?limit=x`);
      await user.ask('GET', `${claims}?resourceVersion=x`);
      await user.ask('GET', `${claims}?continue=nonsense`);
      await user.ask('PATCH', `${claims}/data`, { a: 1 }, text);
      await user.ask('PATCH', `${claims}/data`, 'nonsense', 'application/merge-patch+json');
      await user.ask('PATCH', `${claims}/data`, { a: 1 }, 'application/json-patch+json');
      await user.ask('GET', `${claims}/data/scale`);
      await user.ask('DELETE', '/api/v1/namespaces/default');
      await user.ask('DELETE', '/api/v1/namespaces/kube-system');
      const { body } = await user.ask('GET', `${claims}/data`);
      await user.ask('PUT', `${claims}/data`, { ...body, metadata: { ...body.metadata, resourceVersion: '1' } });
      await user.ask('PUT', `${claims}/data`, { ...body, metadata: { ...body.metadata, name: 'other' } });
      await user.ask('DELETE', `${claims}/data`, { preconditions: { uid: 'x' } });
      await user.ask('GET', claims);
    },
  },
];
