import { expect, test } from 'vitest';
import { openTemporaryApi } from '../../api/embedded/temporary.ts';
import type { Volume } from '../../model/kinds/moorage.ts';
import { bytesOf, formatBytes } from '../../model/quantity.ts';
import { Ledger } from './ledger.ts';
import type { PoolOffer } from './place.ts';
import { volumeKey, wishKey } from './promises.ts';
import { Room } from './room.ts';

const spec = (size: string): Volume['spec'] => ({ size, mode: 'Filesystem', provisioning: 'thin' });
const apiVersion = 'moorage.dev/v1alpha1';

/** A pool of 10 GiB, of which half of one is kept in reserve, and what is promised of it. */
async function open() {
  const store = await openTemporaryApi();
  const ledger = new Ledger();
  const offer = (): PoolOffer => ({
    pool: 'p',
    node: 'here',
    total: bytesOf('10Gi'),
    available: bytesOf('10Gi'),
    promised: ledger.total('p'),
    overProvisioning: 1,
    reserve: bytesOf('512Mi'),
  });
  const room = new Room({ api: store.api, ledger, offers: () => [offer()] });
  const setAside = (name: string, size: string) => room.setAside(name, spec(size));
  return { room, ledger, setAside, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}

/** A Volume that the pool has given room to. */
function placed(size: string): Volume {
  const placement = { pool: 'p', node: 'here', engine: 'local' };
  const status = { phase: 'Ready', size, placement } as const;
  return { apiVersion, kind: 'Volume', metadata: { name: 'v', uid: 'u' }, spec: spec(size), status };
}

test('what is set aside for one is not there for another, until it is let go', async () => {
  await using it = await open();
  expect(it.setAside('a', '6Gi')).toMatchObject({ pool: 'p', node: 'here', refusals: [] });
  expect(it.setAside('b', '6Gi')).toMatchObject({ pool: undefined, refusals: [{ reason: 'PoolFull' }] });
  it.room.letGo('a');
  expect(it.setAside('b', '6Gi')).toMatchObject({ pool: 'p' });
});

test('who asks again has what was set aside, and no more', async () => {
  await using it = await open();
  for (const _ of [1, 2, 3]) expect(it.setAside('a', '6Gi')).toMatchObject({ pool: 'p' });
  expect(it.ledger.total('p')).toBe(bytesOf('6Gi'));
  expect(it.setAside('a', '20Gi').refusals).toHaveLength(1);
  expect(it.ledger.assumed(wishKey('a')), 'a wish that was refused keeps nothing').toBeUndefined();
});

test('of many who ask at once, only those are let through for whom there is room', async () => {
  await using it = await open();
  const asides = Array.from({ length: 30 }, (_, index) => it.setAside(`v${index}`, '1Gi'));
  expect(asides.filter(({ pool }) => pool === 'p')).toHaveLength(9);
});

test('the reserve is for nobody', async () => {
  await using it = await open();
  expect(it.setAside('a', formatBytes(bytesOf('9728Mi') + 1n)).refusals).toHaveLength(1);
  expect(it.setAside('a', '9728Mi')).toMatchObject({ pool: 'p' });
});

test('what is set aside for a growth is not there for another, until it is let go', async () => {
  await using it = await open();
  const volume = placed('2Gi');
  it.ledger.observe(volumeKey(volume), { pool: 'p', bytes: bytesOf('2Gi') });
  expect(it.room.setAsideGrowth(volume, bytesOf('8Gi'))).toEqual([]);
  expect(it.setAside('a', '4Gi').refusals).toHaveLength(1);
  expect(it.room.setAsideGrowth(volume, bytesOf('12Gi')), 'six of eight are set aside already').toHaveLength(1);
  it.room.letGrowthGo(volume);
  expect(it.setAside('a', '4Gi')).toMatchObject({ pool: 'p' });
  expect(it.room.setAsideGrowth(volume, bytesOf('8Gi'))).toMatchObject([{ reason: 'PoolFull' }]);
});
