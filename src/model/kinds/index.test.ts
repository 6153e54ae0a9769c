import { describe, expect, test } from 'vitest';
import { resourceOf } from '../kind.ts';
import { allKinds, kindByName } from './index.ts';

describe('kindByName', () => {
  test.each([
    ['pvc', 'PersistentVolumeClaim'],
    ['PVC', 'PersistentVolumeClaim'],
    ['persistentvolumeclaims', 'PersistentVolumeClaim'],
    ['PersistentVolumeClaim', 'PersistentVolumeClaim'],
    ['sc', 'StorageClass'],
    ['storageclasses.storage.k8s.io', 'StorageClass'],
    ['storageclasses.v1.storage.k8s.io', 'StorageClass'],
    ['volumes', 'Volume'],
    ['volumes.moorage.dev', 'Volume'],
    ['volume.v1alpha1.moorage.dev', 'Volume'],
    ['vs', 'VolumeSnapshot'],
    ['secrets.v1', 'Secret'],
  ])('%s is a %s', (text, kind) => {
    expect(kindByName(text)?.kind).toBe(kind);
  });

  test.each(['', 'thing', 'pvc.moorage.dev', 'secrets.'])('"%s" is nothing', (text) => {
    expect(kindByName(text)).toBeUndefined();
  });

  test('no two kinds answer to one name', () => {
    for (const kind of allKinds) {
      for (const name of [kind.plural, kind.singular, ...kind.shortNames]) {
        expect(resourceOf(kindByName(name) ?? kind), name).toBe(resourceOf(kind));
      }
    }
  });
});
