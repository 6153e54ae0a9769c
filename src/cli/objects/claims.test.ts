import { describe, expect, it } from 'vitest';
import { openTemporaryApi } from '../../api/embedded/temporary.ts';
import { type PersistentVolumeClaim, persistentVolumes } from '../../model/kinds/index.ts';
import { sizeOf, sizeToCopy } from './claims.ts';

const claim = (asked: string, has?: string): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name: 'data', namespace: 'default' },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: asked } } },
  ...(has ? { status: { phase: 'Bound', capacity: { storage: has } } } : {}),
});

describe('the size of a claim', () => {
  it('is what its volume has, where that is more than was asked for: a copy needs as much', () => {
    expect(sizeOf(claim('1Mi', '320Mi'))).toBe('320Mi');
  });

  it('is what it asks for, as long as it has nothing', () => {
    expect(sizeOf(claim('1Mi'))).toBe('1Mi');
  });
});

describe('what a copy of a claim needs', () => {
  it('is the size of its volume, where that has grown and the claim does not know it yet', async () => {
    await using temporary = await openTemporaryApi();
    const { api } = temporary;
    const spec = { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce' as const], hostPath: { path: '/srv' } };
    await api.create(persistentVolumes, { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'pv' }, spec });
    const bound = claim('2Gi', '1Gi');
    expect(await sizeToCopy(api, { ...bound, spec: { ...bound.spec, volumeName: 'pv' } })).toBe(2n << 30n);
    expect(await sizeToCopy(api, { ...bound, spec: { ...bound.spec, volumeName: 'gone' } })).toBe(1n << 30n);
    expect(await sizeToCopy(api, bound)).toBe(1n << 30n);
  });
});
