import fc from 'fast-check';
import { expect, test } from 'vitest';
import { imageFeatures } from '../../engines/local/image-content.ts';
import { subvolumeFeatures } from '../../engines/quota/subvolume-content.ts';
import { directoryFeatures } from '../../engines/shelves/directories.ts';
import { type PlacementWish, type PoolOffer, place, promisable } from './place.ts';

const gibibyte = 1n << 30n;

function offer(pool: string, more: Partial<PoolOffer> = {}): PoolOffer {
  return {
    pool,
    node: 'node-1',
    features: imageFeatures,
    total: 100n * gibibyte,
    available: 100n * gibibyte,
    promised: 0n,
    overProvisioning: 1,
    reserve: 5n * gibibyte,
    ...more,
  };
}

function wish(more: Partial<PlacementWish> = {}): PlacementWish {
  return { size: 10n * gibibyte, mode: 'Filesystem', provisioning: 'thin', ...more };
}

test.each<[string, PlacementWish, PoolOffer[], string]>([
  ['the only pool', wish(), [offer('a')], 'a'],
  ['the one that can promise most', wish(), [offer('a', { promised: gibibyte }), offer('b')], 'b'],
  ['the first by name among equals', wish(), [offer('b'), offer('a')], 'a'],
  ['the one that is named', wish({ pool: 'b' }), [offer('a'), offer('b', { promised: gibibyte })], 'b'],
  ['one that is named, whatever its labels are', wish({ pool: 'b', poolSelector: 'disk=nvme' }), [offer('b')], 'b'],
  [
    'one with such labels, though another has more room',
    wish({ poolSelector: 'disk=nvme' }),
    [offer('a'), offer('b', { promised: gibibyte, labels: { disk: 'nvme' } })],
    'b',
  ],
  [
    'one whose directories have their size kept, before one of directories that have not',
    wish(),
    [offer('a', { features: directoryFeatures }), offer('b', { features: subvolumeFeatures, promised: gibibyte })],
    'b',
  ],
  [
    'a preferred node before room',
    wish({ preferredNodes: ['n2'] }),
    [offer('a'), offer('b', { node: 'n2', promised: gibibyte })],
    'b',
  ],
  ['an allowed node', wish({ nodes: ['n2'] }), [offer('a'), offer('b', { node: 'n2' })], 'b'],
  [
    "the source's pool",
    wish({ source: { name: 's', pool: 'b', node: 'node-1' } }),
    [offer('a'), offer('b', { promised: gibibyte })],
    'b',
  ],
  [
    'a pool with raw block',
    wish({ mode: 'Block' }),
    [offer('a', { features: directoryFeatures }), offer('b', { promised: gibibyte })],
    'b',
  ],
  [
    'a small pool with room that is there, before one that promises six times what it has',
    wish(),
    [
      offer('a', { total: 40n * gibibyte, available: 40n * gibibyte, reserve: 2n * gibibyte, overProvisioning: 6 }),
      offer('b', { total: 60n * gibibyte, available: 50n * gibibyte, reserve: 3n * gibibyte }),
    ],
    'b',
  ],
  [
    'the one that can promise most, where nothing is left that is real',
    wish(),
    [
      offer('a', { promised: 100n * gibibyte, overProvisioning: 2 }),
      offer('b', { promised: 100n * gibibyte, overProvisioning: 3 }),
    ],
    'b',
  ],
  [
    'one that keeps sizes and file systems before a larger one of directories',
    wish(),
    [offer('a', { features: directoryFeatures }), offer('b', { promised: gibibyte })],
    'b',
  ],
  [
    'a preferred node, though it has only directories',
    wish({ preferredNodes: ['n2'] }),
    [offer('a', { features: directoryFeatures, node: 'n2' }), offer('b')],
    'a',
  ],
  [
    'directories where no option is in their way',
    wish({ mountFlags: ['noexec'] }),
    [offer('a', { features: directoryFeatures })],
    'a',
  ],
  ['exactly what is left', wish({ size: 95n * gibibyte }), [offer('a')], 'a'],
  [
    'twice the capacity, where that may be promised',
    wish({ size: 190n * gibibyte }),
    [offer('a', { overProvisioning: 2 })],
    'a',
  ],
])('chosen is %s', (_, asked, offers, pool) => {
  expect(place(asked, offers)).toEqual({ placement: expect.objectContaining({ pool }) });
});

test.each<[string, PlacementWish, PoolOffer[], string, string]>([
  ['no pool at all', wish(), [], 'NoPool', 'there is no pool; create one'],
  ['an unknown pool', wish({ pool: 'x' }), [offer('a')], 'PoolNotFound', 'there is no pool x on any node'],
  [
    'a pool that is not ready',
    wish(),
    [offer('a', { notReady: 'its disk is gone' })],
    'PoolNotReady',
    'pool a on node-1 is not ready: its disk is gone',
  ],
  [
    'too little room',
    wish(),
    [offer('a', { promised: 90n * gibibyte + (18n * gibibyte) / 10n })],
    'PoolFull',
    'pool a on node-1 can promise 3.2Gi more, 10Gi was asked for',
  ],
  [
    'the reserve',
    wish({ size: 96n * gibibyte }),
    [offer('a')],
    'PoolFull',
    'pool a on node-1 can promise 95Gi more, 96Gi was asked for',
  ],
  [
    'a file system below that has filled',
    wish(),
    [offer('a', { available: gibibyte })],
    'PoolFull',
    'pool a on node-1 can promise 1Gi more, 10Gi was asked for',
  ],
  [
    'no room for thick',
    wish({ provisioning: 'thick', size: 50n * gibibyte }),
    [offer('a', { overProvisioning: 3, available: 40n * gibibyte })],
    'PoolFull',
    'pool a on node-1 can promise 35Gi more, 50Gi thick was asked for',
  ],
  [
    'a node that is not allowed',
    wish({ nodes: ['n2'] }),
    [offer('a')],
    'NodeNotAllowed',
    'pool a on node-1 is on another node than is allowed (n2)',
  ],
  [
    'a source in another pool',
    wish({ source: { name: 's', pool: 'b', node: 'node-1' } }),
    [offer('a')],
    'SourceElsewhere',
    'pool a on node-1 does not hold s, which is in pool b',
  ],
  [
    'raw block on directories',
    wish({ mode: 'Block' }),
    [offer('a', { features: directoryFeatures })],
    'BackendUnsupported',
    'pool a on node-1 keeps directories, and has no raw block',
  ],
  [
    'a mount option that directories would ignore',
    wish({ mountFlags: ['noexec,discard'] }),
    [offer('a', { features: directoryFeatures })],
    'BackendUnsupported',
    "pool a on node-1 keeps directories, which can't have the mount option discard",
  ],
])('refused for %s', (_, asked, offers, reason, message) => {
  expect(place(asked, offers)).toEqual({ refusals: [expect.objectContaining({ reason, message })] });
});

const bytes = fc.bigInt({ min: 0n, max: 1n << 44n });
const offers = fc.array(
  fc.record({
    pool: fc.constantFrom('a', 'b', 'c'),
    node: fc.constantFrom('n1', 'n2'),
    features: fc.constantFrom(imageFeatures, directoryFeatures, subvolumeFeatures),
    total: bytes,
    available: bytes,
    promised: bytes,
    overProvisioning: fc.constantFrom(0.5, 1, 1.5, 10),
    reserve: bytes,
  }),
);
const wishes = fc.record({
  size: bytes,
  mode: fc.constantFrom('Filesystem' as const, 'Block' as const),
  provisioning: fc.constantFrom('thin' as const, 'thick' as const),
  nodes: fc.option(fc.subarray(['n1', 'n2']), { nil: undefined }),
});

test('a volume is placed where it fits, or every pool says why not', () => {
  fc.assert(
    fc.property(wishes, offers, (asked, all) => {
      const decision = place(asked, all);
      if ('refusals' in decision) return decision.refusals.length === Math.max(all.length, 1);
      const { pool, node } = decision.placement;
      return all.some((it) => it.pool === pool && it.node === node && asked.size <= promisable(it, asked.provisioning));
    }),
  );
});

test('placing one volume after another never promises more than the ratio allows', () => {
  fc.assert(
    fc.property(fc.array(bytes), bytes, fc.constantFrom(1, 1.5, 3), (sizes, total, overProvisioning) => {
      let promised = 0n;
      for (const size of sizes) {
        const pool = offer('a', { total, available: total, promised, overProvisioning, reserve: 0n });
        if ('placement' in place(wish({ size }), [pool])) promised += size;
      }
      return promised * 1000n <= total * BigInt(overProvisioning * 1000);
    }),
  );
});
