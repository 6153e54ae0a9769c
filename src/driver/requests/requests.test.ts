import { create } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import { CreateVolumeRequestSchema, VolumeCapability_AccessMode_Mode as Mode } from '../../csi/protocol/csi_pb.ts';
import { imageFeatures } from '../../engines/local/image-content.ts';
import { directoryFeatures } from '../../engines/shelves/directories.ts';
import type { Volume } from '../../model/kinds/moorage.ts';
import type { PoolOffer } from '../../volumes/placement/place.ts';
import { readCapabilities } from '../capability.ts';
import { withAttachment, withoutAttachment } from '../node/attachments.ts';
import { objectName } from '../object-names.ts';
import { capacityFor } from './capacity.ts';
import { pageOf } from './paging.ts';
import { readCreateVolume, whyOther } from './requested-volume.ts';
import { chooseSize } from './size.ts';

const MiB = 1n << 20n;
const mount = { accessMode: { mode: Mode.SINGLE_NODE_WRITER }, accessType: { case: 'mount' as const, value: {} } };

function mountedWith(value: { readonly fsType?: string; readonly mountFlags?: string[] }) {
  return { ...mount, accessType: { case: 'mount' as const, value } };
}

function request(more: object = {}) {
  return create(CreateVolumeRequestSchema, { name: 'data', volumeCapabilities: [mount], ...more });
}

function volumeOf(spec: Volume['spec'], status: Volume['status'] = {}): Volume {
  return { apiVersion: 'moorage.dev/v1alpha1', kind: 'Volume', metadata: { name: 'data', uid: '1' }, spec, status };
}

test.for([
  ['pvc-0a1b', 'pvc-0a1b'],
  ['UPPER', /^vol-[0-9a-f]{32}$/],
  ['with.dot', /^vol-[0-9a-f]{32}$/],
  ['-dash', /^vol-/],
  ['x'.repeat(63), 'x'.repeat(63)],
  ['x'.repeat(64), /^vol-/],
] as const)('the object of the CSI name %s', ([name, expected]) => {
  expect(objectName('vol', name)).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
  expect(objectName('vol', name)).toBe(objectName('vol', name));
});

describe('the size of a volume', () => {
  test.for([
    [0n, 0n, 'ext4', undefined, 1024n * MiB],
    [0n, 512n * MiB, 'ext4', undefined, 512n * MiB],
    [5000n, 0n, 'none', undefined, 8192n],
    [1n, 0n, 'ext4', undefined, 16n * MiB],
    [1n, 0n, 'xfs', undefined, 300n * MiB],
    [0n, 0n, 'ext4', 20n * MiB, 20n * MiB],
    [10n * MiB, 0n, 'ext4', 20n * MiB, 20n * MiB],
    [30n * MiB, 0n, 'ext4', 20n * MiB, 30n * MiB],
    [20n * MiB, 20n * MiB, 'ext4', undefined, 20n * MiB],
  ] as const)(
    'required %d, limit %d, on %s, of a source with %s: %d',
    ([required, limit, fsType, source, expected]) => {
      expect(chooseSize('creating it', { required, limit }, { fsType, source })).toBe(expected);
    },
  );

  test.for([
    [1n, 100n * MiB, 'xfs', undefined, /limit is 100Mi/],
    [0n, 10n * MiB, 'ext4', 20n * MiB, /its source has that size/],
    [5000n, 5000n, 'none', undefined, /multiples of 4096/],
    [(1n << 63n) - 1n, 0n, 'ext4', undefined, /more than a volume can have, which is 4Pi/],
  ] as const)('required %d, limit %d, on %s can not be', ([required, limit, fsType, source, message]) => {
    expect(() => chooseSize('creating it', { required, limit }, { fsType, source })).toThrow(message);
  });
});

describe('a CreateVolume request', () => {
  test('becomes a Volume', () => {
    const wish = readCreateVolume(
      'creating it',
      request({
        capacityRange: { requiredBytes: 100n * MiB },
        parameters: {
          pool: 'fast',
          fsType: 'xfs',
          mkfsOptions: '-m  bigtime=1',
          'csi.storage.k8s.io/pvc/name': 'data',
          'csi.storage.k8s.io/pvc/namespace': 'shop',
        },
        accessibilityRequirements: { requisite: [{ segments: { 'topology.moorage.dev/node': 'a' } }] },
      }),
      undefined,
    );
    expect(wish.annotations).toEqual({ 'moorage.dev/claim': 'shop/data' });
    expect(wish.spec).toMatchObject({
      pool: 'fast',
      size: '300Mi',
      mode: 'Filesystem',
      fsType: 'xfs',
      mkfsOptions: ['-m', 'bigtime=1'],
      provisioning: 'thin',
      nodes: ['a'],
    });
  });

  test.for([
    [
      { parameters: { replicas: '2', speed: 'high' } },
      /unknown parameter "replicas", "speed"; known are: pool, poolSelector, fsType/,
    ],
    [{ parameters: { fsType: 'xfs', 'csi.storage.k8s.io/fstype': 'ext4' } }, /xfs and ext4; name one/],
    [{ parameters: { provisioning: 'fat' } }, /can be thin or thick/],
    [{ parameters: { mkfsOptions: '-F /some/image -L' } }, /mkfs option "-F" is not allowed for ext4; allowed are -b/],
    [{ parameters: { mkfsOptions: '-d /etc' } }, /"-d" is not allowed/],
    [
      { parameters: { fsType: 'xfs', mkfsOptions: '-d file=1,name=/etc/x' } },
      /"file=1" is not allowed; it takes agsize/,
    ],
    [{ parameters: { fsType: 'btrfs' } }, /"btrfs" is not one of ext4, xfs/],
    [{ volumeCapabilities: [mountedWith({ fsType: '-o' })] }, /"-o" is not one of ext4, xfs/],
    [{ volumeCapabilities: [mountedWith({ mountFlags: ['loop=/dev/loop0'] })] }, /mount option "loop=\/dev\/loop0"/],
    [{ volumeCapabilities: [mountedWith({ mountFlags: ['nouuid'] })], parameters: { fsType: 'ext4' } }, /for ext4/],
    [{ mutableParameters: { iops: '1' } }, /none is known/],
    [{ volumeCapabilities: [] }, /no volume capabilities/],
    [{ capacityRange: { requiredBytes: 2n, limitBytes: 1n } }, /at least 2 bytes and at most 1/],
    [{ accessibilityRequirements: { requisite: [{ segments: { zone: 'a' } }] } }, /topology.moorage.dev\/node/],
  ] as const)('%o is refused', ([more, message]) => {
    expect(() => readCreateVolume('creating it', request(more), undefined)).toThrow(message);
  });

  test('is answered by the Volume that it made, until it asks for something else', () => {
    const read = (more: object = {}) => readCreateVolume('creating it', request(more), undefined);
    const made = volumeOf(read({ capacityRange: { requiredBytes: 100n * MiB } }).spec);
    expect(whyOther(made, read({ capacityRange: { requiredBytes: 100n * MiB } }))).toBeUndefined();
    expect(whyOther(made, read({ capacityRange: { requiredBytes: 200n * MiB } }))).toBe('it has 100Mi');
    expect(whyOther(made, read({ capacityRange: { limitBytes: 50n * MiB } }))).toBe('it has 100Mi');
    expect(whyOther(made, read({ parameters: { pool: 'slow' } }))).toMatch(/it was asked for as/);
    // The pool that was chosen since is no other wish.
    expect(whyOther({ ...made, spec: { ...made.spec, pool: 'chosen' } }, read())).toBeUndefined();
    expect(whyOther(volumeOf({ size: '1Gi', mode: 'Filesystem', provisioning: 'thin' }), read())).toMatch(/CSI call/);
  });

  test('for access from several nodes is refused with the reason', () => {
    for (const mode of [Mode.MULTI_NODE_MULTI_WRITER, Mode.MULTI_NODE_READER_ONLY, Mode.MULTI_NODE_SINGLE_WRITER]) {
      const { volumeCapabilities } = request({ volumeCapabilities: [{ ...mount, accessMode: { mode } }] });
      expect(() => readCapabilities('creating it', volumeCapabilities)).toThrow(/bytes are on one node/);
    }
  });
});

test('an attachment is for one node at a time', () => {
  const since = '2026-01-01T00:00:00Z';
  const spec = { size: '1Gi', mode: 'Filesystem', provisioning: 'thin' } as const;
  const free = volumeOf(spec);
  const taken = volumeOf(spec, { attachments: [{ node: 'a', mode: 'ReadWrite', since }] });
  expect(withAttachment(free, { node: 'a', mode: 'ReadWrite' })).toMatchObject([{ node: 'a', mode: 'ReadWrite' }]);
  expect(withAttachment(taken, { node: 'a', mode: 'ReadWrite' })).toBeUndefined();
  expect(withAttachment(taken, { node: 'a', mode: 'ReadOnly' })).toEqual([{ node: 'a', mode: 'ReadOnly', since }]);
  expect(() => withAttachment(taken, { node: 'b', mode: 'ReadOnly' })).toThrow(/a has it since 2026/);
  const deleting = { ...free, metadata: { ...free.metadata, deletionTimestamp: since } };
  expect(() => withAttachment(deleting, { node: 'a', mode: 'ReadWrite' })).toThrow(/being deleted/);
  // What is in it can be copied for as long as its claim is there.
  const conditions = [{ type: 'Ready', status: 'False' as const, reason: 'StillReferenced' }];
  const kept = { ...deleting, status: { ...deleting.status, conditions } };
  expect(withAttachment(kept, { node: 'a', mode: 'ReadWrite' })).toMatchObject([{ node: 'a' }]);
  expect(withoutAttachment(taken, 'a')).toEqual([]);
  expect(withoutAttachment(taken, 'b')).toBeUndefined();
});

test('pages go on after the name where the last one ended, whatever came and went', () => {
  const named = (...names: string[]) => names.map((name) => ({ metadata: { name } }));
  const first = pageOf(named('c', 'a', 'b'), { startingToken: '', maxEntries: 2 });
  expect(first.items).toEqual(named('a', 'b'));
  const second = pageOf(named('c', 'a', 'd'), { startingToken: first.nextToken, maxEntries: 2 });
  expect(second).toEqual({ items: named('c', 'd'), nextToken: '' });
  expect(() => pageOf([], { startingToken: 'invalid-token', maxEntries: 0 })).toThrow(/not a token/);
  expect(() => pageOf([], { startingToken: '', maxEntries: -1 })).toThrow(/negative/);
});

test('capacity is what ready pools can still promise to such volumes', () => {
  const pool = (name: string, node: string, more: Partial<PoolOffer> = {}): PoolOffer => ({
    pool: name,
    node,
    features: imageFeatures,
    labels: { disk: name },
    total: 2048n * MiB,
    available: 1024n * MiB + 1n,
    promised: 0n,
    overProvisioning: 1,
    reserve: 0n,
    ...more,
  });
  const offers = [
    pool('a', 'one'),
    pool('b', 'two', { features: directoryFeatures }),
    pool('c', 'one', { notReady: 'it is not open' }),
  ];
  const any = { mode: 'Filesystem', provisioning: 'thin', segments: undefined } as const;
  const ask = (more: object) => capacityFor({ ...any, ...more }, offers).available / MiB;
  expect(ask({})).toBe(2048n);
  expect(ask({ mode: 'Block' })).toBe(1024n);
  expect(ask({ segments: { 'topology.moorage.dev/node': 'two' } })).toBe(1024n);
  expect(ask({ segments: { zone: 'x' } })).toBe(0n);
  expect(ask({ pool: 'c' })).toBe(0n);
  expect(ask({ poolSelector: 'disk in (b, c)' })).toBe(1024n);
  expect(capacityFor(any, offers).largest).toBe(1024n * MiB);
});
