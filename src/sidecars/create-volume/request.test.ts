import { expect, test } from 'vitest';
import { claimWith, driverWith } from '../fixtures.ts';
import { checkClaim } from './request.ts';

const { capabilities } = driverWith();
const asking = (storage: string) => claimWith({ resources: { requests: { storage } } });

test.each(['9223372036854775808', '1e20', '1e999'])('%s is more than a driver can be asked for', (size) => {
  expect(() => checkClaim(asking(size), 'csi.example.com', capabilities)).toThrow(/is more than a driver can be asked/);
});

test.each(['9223372036854775807', '16Ei'])('%s is for the driver to refuse', (size) => {
  expect(() => checkClaim(asking(size), 'csi.example.com', capabilities)).not.toThrow();
});
