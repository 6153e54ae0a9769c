import { describe, expect, test } from 'vitest';
import { VolumeCapability_AccessMode_Mode as Mode } from '../../csi/protocol/csi_pb.ts';
import type { AccessMode } from '../../model/kinds/core.ts';
import { volumeWith } from '../fixtures.ts';
import { claimCapabilities, volumeCapability } from './capability.ts';

describe('the one mode under which a volume is attached, staged and published', () => {
  const cases: [AccessMode[], boolean, Mode][] = [
    [['ReadWriteOnce'], false, Mode.SINGLE_NODE_WRITER],
    [['ReadWriteOnce'], true, Mode.SINGLE_NODE_MULTI_WRITER],
    [['ReadWriteOncePod'], false, Mode.SINGLE_NODE_WRITER],
    [['ReadWriteOncePod'], true, Mode.SINGLE_NODE_SINGLE_WRITER],
    [['ReadOnlyMany'], true, Mode.MULTI_NODE_READER_ONLY],
    [['ReadWriteOnce', 'ReadWriteMany'], false, Mode.MULTI_NODE_MULTI_WRITER],
  ];
  test.each(cases)('%j, several writers told apart: %s', (accessModes, multiWriter, mode) => {
    expect(volumeCapability(volumeWith({ accessModes }), multiWriter).accessMode).toEqual({ mode });
  });

  test('combinations that CSI has no word for are refused', () => {
    const volume = volumeWith({ accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] });
    expect(() => volumeCapability(volume, false)).toThrow("which CSI can't express");
  });
});

test('a claim asks for each of its access modes, with file system and mount options', () => {
  const use = { fsType: 'xfs', mountOptions: ['noatime'] };
  expect(claimCapabilities(use, ['ReadWriteOnce', 'ReadOnlyMany'], false)).toEqual([
    {
      accessMode: { mode: Mode.SINGLE_NODE_WRITER },
      accessType: { case: 'mount', value: { fsType: 'xfs', mountFlags: ['noatime'] } },
    },
    {
      accessMode: { mode: Mode.MULTI_NODE_READER_ONLY },
      accessType: { case: 'mount', value: { fsType: 'xfs', mountFlags: ['noatime'] } },
    },
  ]);
});

test('raw block has neither', () => {
  const [only] = claimCapabilities({ volumeMode: 'Block', fsType: 'xfs' }, ['ReadWriteOnce'], false);
  expect(only?.accessType).toEqual({ case: 'block', value: {} });
});
