import { expect, test } from 'vitest';
import { claimWith, classWith, driverWith } from '../fixtures.ts';
import { checkClaim, createVolumeRequest } from './request.ts';

const { capabilities } = driverWith();
const asking = (storage: string) => claimWith({ resources: { requests: { storage } } });

test.each(['9223372036854775808', '1e20', '1e999'])('%s is more than a driver can be asked for', (size) => {
  expect(() => checkClaim(asking(size), 'csi.example.com', capabilities)).toThrow(/is more than a driver can be asked/);
});

test.each(['9223372036854775807', '16Ei'])('%s is for the driver to refuse', (size) => {
  expect(() => checkClaim(asking(size), 'csi.example.com', capabilities)).not.toThrow();
});

test('only a driver that is said to want it is told for which claim a volume is', () => {
  const parameters = { driver: { tier: 'fast' }, fsType: undefined, secrets: {} };
  const rest = { source: undefined, requirement: undefined, secrets: {}, mutableParameters: {} };
  const wanted = { claim: claimWith(), storageClass: classWith(), parameters, ...rest };
  expect(createVolumeRequest(wanted, driverWith()).parameters).toEqual({ tier: 'fast' });
  expect(createVolumeRequest(wanted, { capabilities, extras: { claimMetadata: true } }).parameters).toEqual({
    tier: 'fast',
    'csi.storage.k8s.io/pvc/name': 'data',
    'csi.storage.k8s.io/pvc/namespace': 'shop',
  });
});
