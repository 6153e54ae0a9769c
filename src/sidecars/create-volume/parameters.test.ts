import { expect, test } from 'vitest';
import { claimWith } from '../fixtures.ts';
import { readClassParameters } from './parameters.ts';

test('the driver gets what is not ours', () => {
  const read = readClassParameters({ colour: 'blue', 'csi.storage.k8s.io/fstype': 'xfs' }, claimWith(), 'pvc-u1');
  expect(read).toEqual({ driver: { colour: 'blue' }, fsType: 'xfs', secrets: {} });
});

test('secrets are named for one claim', () => {
  const parameters = {
    'csi.storage.k8s.io/provisioner-secret-name': 'admin',
    'csi.storage.k8s.io/provisioner-secret-namespace': 'vault',
    'csi.storage.k8s.io/node-stage-secret-name': `\${pvc.name}-\${pvc.annotations['key']}`,
    'csi.storage.k8s.io/node-stage-secret-namespace': `\${pvc.namespace}`,
  };
  expect(readClassParameters(parameters, claimWith({}, { annotations: { key: '7' } }), 'pvc-u1').secrets).toEqual({
    provisioner: { name: 'admin', namespace: 'vault' },
    'node-stage': { name: 'data-7', namespace: 'shop' },
  });
});

test('a key of ours that nobody knows is an error that lists the known ones', () => {
  const parameters = { 'csi.storage.k8s.io/fsType': 'xfs' };
  expect(() => readClassParameters(parameters, claimWith(), 'pvc-u1')).toThrow(/fsType is not known.*fstype/);
});
