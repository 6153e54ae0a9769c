import { describe, expect, it } from 'vitest';
import type { PersistentVolumeClaim } from '../../model/kinds/index.ts';
import { sizeOf } from './claims.ts';

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
