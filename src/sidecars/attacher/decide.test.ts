import { expect, test } from 'vitest';
import type { VolumeAttachment } from '../../model/kinds/storage.ts';
import { driverWith } from '../fixtures.ts';
import { decideAttachment } from './decide.ts';

const finalizers = ['external-attacher/csi-example-com'];
const deletionTimestamp = '2026-01-01T00:00:00Z';
const attachment = (metadata: object = {}, attached = false): VolumeAttachment => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'VolumeAttachment',
  metadata: { name: 'a', ...metadata },
  spec: { attacher: 'csi.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pvc-u1' } },
  status: { attached },
});

test.each([
  ['a new one is attached', attachment(), true, 'attach'],
  ['or only marked, if the driver needs no attaching', attachment(), false, 'mark attached'],
  ['an attached one is done', attachment({ finalizers }, true), true, 'nothing'],
  ['one that goes is detached', attachment({ finalizers, deletionTimestamp }, true), true, 'detach'],
  ['even if it never came to be', attachment({ finalizers, deletionTimestamp }), true, 'detach'],
  [
    'or let go, if the driver needs no detaching any more',
    attachment({ finalizers, deletionTimestamp }),
    false,
    'let go',
  ],
  ['one that was never ours goes by itself', attachment({ deletionTimestamp }), true, 'nothing'],
] as const)('%s', (_, given, publish, step) => {
  expect(decideAttachment(given, driverWith({ publish }))).toBe(step);
});
