import type { MessageInitShape } from '@bufbuild/protobuf';
import { VolumeCapability_AccessMode_Mode as Mode, type VolumeCapabilitySchema } from '../../csi/protocol/csi_pb.ts';
import { fail } from '../../lib/errors.ts';
import type { AccessMode, PersistentVolume } from '../../model/kinds/core.ts';

export type CapabilityInit = MessageInitShape<typeof VolumeCapabilitySchema>;

/** How a volume is to be used, as an object says it. */
export interface VolumeUse {
  readonly volumeMode?: 'Filesystem' | 'Block' | undefined;
  readonly fsType?: string | undefined;
  readonly mountOptions?: readonly string[] | undefined;
}

/**
 * The CSI mode of one access mode. Drivers that can tell one writer from several on a node get the exact mode; for
 * the others, ReadWriteOncePod is ReadWriteOnce.
 */
export function csiMode(mode: AccessMode, singleNodeMultiWriter: boolean): Mode {
  switch (mode) {
    case 'ReadWriteOnce':
      return singleNodeMultiWriter ? Mode.SINGLE_NODE_MULTI_WRITER : Mode.SINGLE_NODE_WRITER;
    case 'ReadWriteOncePod':
      return singleNodeMultiWriter ? Mode.SINGLE_NODE_SINGLE_WRITER : Mode.SINGLE_NODE_WRITER;
    case 'ReadOnlyMany':
      return Mode.MULTI_NODE_READER_ONLY;
    case 'ReadWriteMany':
      return Mode.MULTI_NODE_MULTI_WRITER;
  }
}

/** The capability that asks for one CSI mode of a use. */
export function capability(use: VolumeUse, mode: Mode): CapabilityInit {
  return {
    accessMode: { mode },
    accessType:
      use.volumeMode === 'Block'
        ? { case: 'block', value: {} }
        : { case: 'mount', value: { fsType: use.fsType ?? '', mountFlags: [...(use.mountOptions ?? [])] } },
  };
}

/** What CreateVolume is asked for: a capability for each access mode of the claim. */
export function claimCapabilities(
  use: VolumeUse,
  accessModes: readonly AccessMode[],
  singleNodeMultiWriter: boolean,
): CapabilityInit[] {
  return accessModes.map((mode) => capability(use, csiMode(mode, singleNodeMultiWriter)));
}

/**
 * The one capability under which a PersistentVolume is attached, staged and published: that of its widest access mode.
 * Throws `invalid` for combinations that CSI has no word for.
 */
export function volumeCapability(volume: PersistentVolume, singleNodeMultiWriter: boolean): CapabilityInit {
  const { accessModes = [], volumeMode, mountOptions, csi } = volume.spec;
  const use: VolumeUse = { volumeMode, mountOptions, fsType: csi?.fsType };
  return capability(use, csiMode(widestMode(volume.metadata.name, accessModes), singleNodeMultiWriter));
}

function widestMode(name: string, modes: readonly AccessMode[]): AccessMode {
  if (modes.includes('ReadWriteOncePod')) {
    if (modes.length > 1) fail('invalid', `volume ${name} has ReadWriteOncePod beside other access modes`);
    return 'ReadWriteOncePod';
  }
  if (modes.includes('ReadWriteMany')) return 'ReadWriteMany';
  if (modes.includes('ReadOnlyMany')) {
    if (modes.includes('ReadWriteOnce')) {
      fail('invalid', `volume ${name} has both ReadOnlyMany and ReadWriteOnce, which CSI can't express: choose one`);
    }
    return 'ReadOnlyMany';
  }
  return modes[0] ?? fail('invalid', `volume ${name} has no access mode`);
}
