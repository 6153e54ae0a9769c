import { expect, test } from 'vitest';
import { imageFeatures } from '../../engines/local/image-content.ts';
import type { Pool } from '../../model/kinds/moorage.ts';
import type { PoolOffer } from '../placement/place.ts';
import type { PoolState } from './node-storage.ts';
import { poolStatus } from './pool-status.ts';

const mebibyte = 1n << 20n;
const total = 1000n * mebibyte;

const pool: Pool = {
  apiVersion: 'moorage.dev/v1alpha1',
  kind: 'Pool',
  metadata: { name: 'p', generation: 1 },
  spec: { engine: 'local', backend: 'auto', preallocate: false, overProvisioning: 1 },
};

function look(used: bigint, promised = 0n, of: Pool = pool) {
  const capacity = { total, used: used * mebibyte, available: total - used * mebibyte };
  const state: PoolState = {
    ready: true,
    filesystems: ['7:0'],
    hasFilesystem: true,
    engine: 'local',
    features: imageFeatures,
    backend: 'image',
    why: 'of a test',
    path: '/p',
    capacity,
  };
  const offer: PoolOffer = {
    ...capacity,
    pool: 'p',
    node: 'n',
    features: imageFeatures,
    promised,
    overProvisioning: 1,
    reserve: 0n,
  };
  return poolStatus(of, 'n', state, offer);
}

function after(status: Pool['status']): Pool {
  return { ...pool, status };
}

const flags = (status: Pool['status']) => status?.conditions?.map(({ type, status: flag }) => `${type}=${flag}`);

test('a first look is news, a second one that is the same is not', () => {
  const first = look(10n);
  expect(first).toMatchObject({ phase: 'Ready', nodes: [{ total: '1000Mi', used: '10Mi', available: '990Mi' }] });
  expect(look(10n, 0n, after(first))).toBeUndefined();
});

test.each([
  ['a move of less than one percent', 19n, 0n, false],
  ['a move of more than one percent', 21n, 0n, true],
  ['a promise', 10n, mebibyte, true],
])('%s', (_, used, promised, news) => {
  expect(look(used, promised, after(look(10n))) !== undefined).toBe(news);
});

test.each([
  [84n, 'Ready', ['Ready=True', 'NearlyFull=False', 'Full=False']],
  [85n, 'Ready', ['Ready=True', 'NearlyFull=True', 'Full=False']],
  [95n, 'Degraded', ['Ready=True', 'NearlyFull=True', 'Full=True']],
] as const)('at %s percent', (percent, phase, conditions) => {
  const status = look(percent * 10n);
  expect(status?.phase).toBe(phase);
  expect(flags(status)).toEqual(conditions);
});

test('a pool that fails keeps its last figures, says why, and comes back', () => {
  const good = look(10n);
  const offer = {
    pool: 'p',
    node: 'n',
    backend: 'image',
    total: 0n,
    available: 0n,
    promised: 0n,
    overProvisioning: 1,
    reserve: 0n,
  } as const;
  const failed = poolStatus(after(good), 'n', { ready: false, why: 'its disk is gone' }, offer);
  expect(failed).toMatchObject({ phase: 'Failed', nodes: good?.nodes });
  expect(failed?.conditions?.[0]).toMatchObject({ type: 'Ready', status: 'False', message: 'its disk is gone' });
  expect(look(10n, 0n, after(failed))?.phase).toBe('Ready');
});

test('a new generation is acknowledged', () => {
  const seen = after(look(10n));
  expect(look(10n, 0n, { ...seen, metadata: { ...seen.metadata, generation: 2 } })).toBeDefined();
});

test('what another release says of the pool stays', () => {
  const { nodes = [], ...first } = look(10n) ?? {};
  const more = { ...first, nodes: nodes.map((it) => ({ ...it, temperature: '30' })), health: 'good' };
  expect(look(500n, 0n, after(more))).toMatchObject({ health: 'good', nodes: [{ used: '500Mi', temperature: '30' }] });
});
