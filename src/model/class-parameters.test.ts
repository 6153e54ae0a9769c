import { expect, test } from 'vitest';
import { readClassParameters, whyNotClassParameters } from './class-parameters.ts';
import { type StorageClass, storageClasses } from './kinds/storage.ts';

test('what is not said has its default, and what is said as nothing is not said', () => {
  const nothing = {
    pool: undefined,
    poolSelector: undefined,
    fsType: undefined,
    mkfsOptions: undefined,
    provisioning: 'thin',
  };
  expect(readClassParameters({})).toEqual(nothing);
  expect(readClassParameters({ pool: '', poolSelector: '', fsType: '', mkfsOptions: ' ' })).toEqual(nothing);
  expect(readClassParameters({ poolSelector: 'disk=nvme', provisioning: 'thick', fsType: 'xfs' })).toEqual({
    ...nothing,
    poolSelector: 'disk=nvme',
    provisioning: 'thick',
    fsType: 'xfs',
  });
});

test('what the callers of CSI add is not ours to judge, but for the file system', () => {
  const parameters = { 'csi.storage.k8s.io/pvc/name': 'data', 'csi.storage.k8s.io/fstype': 'xfs' };
  expect(readClassParameters(parameters).fsType).toBe('xfs');
  expect(() => readClassParameters(parameters, 'ext4')).toThrow(/different file systems, xfs and ext4/);
});

const refusals = (made: StorageClass, old?: StorageClass) => storageClasses.validate?.(made, old) ?? [];

const wrong: readonly [Record<string, string>, RegExp][] = [
  [{ speed: 'high' }, /^unknown parameter "speed"; known are: pool, poolSelector, fsType, .*provisioning$/],
  [{ speed: 'high', fsType: 'btrfs' }, /^unknown parameter "speed"/],
  [{ fsType: 'btrfs' }, /^file system "btrfs" is not one of ext4, xfs$/],
  [{ 'csi.storage.k8s.io/fstype': 'btrfs' }, /"btrfs" is not one of/],
  [{ fsType: 'ext4', 'csi.storage.k8s.io/fstype': 'xfs' }, /ext4 and xfs; name one/],
  [{ provisioning: 'fat' }, /^provisioning is "fat", and can be thin or thick$/],
  [{ pool: 'a', poolSelector: 'disk=nvme' }, /^it names pool a and selects pools by disk=nvme/],
  [{ poolSelector: 'a=(' }, /^poolSelector: unable to parse label selector/],
  [{ mkfsOptions: '-F' }, /mkfs option "-F" is not allowed for ext4/],
];

test.each(wrong)('%o is refused: by the driver, and when the class is made', (parameters, message) => {
  expect(() => readClassParameters(parameters)).toThrow(message);
  expect(whyNotClassParameters(parameters)).toMatch(message);
  const made = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'c' }, parameters } as const;
  const [error] = refusals({ ...made, provisioner: 'csi.moorage.dev' });
  expect(error).toMatchObject({ field: 'parameters' });
  expect(refusals({ ...made, provisioner: 'csi.example.com' })).toEqual([]);
  // One that is there already can still be changed otherwise.
  const old = { ...made, provisioner: 'csi.moorage.dev' };
  expect(refusals({ ...old, allowVolumeExpansion: true }, old)).toEqual([]);
});

test('the old name of the file system is that of the callers', () => {
  expect(whyNotClassParameters({ fstype: 'xfs' })).toBeUndefined();
  expect(whyNotClassParameters({ fstype: 'btrfs' })).toMatch(/"btrfs" is not one of/);
  expect(whyNotClassParameters({ fstype: 'xfs', mkfsOptions: '-m bigtime=1' })).toBeUndefined();
});
