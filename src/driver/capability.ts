import { VolumeCapability_AccessMode_Mode as Mode, type VolumeCapability } from '../csi/protocol/csi_pb.ts';
import { fail, messageOf } from '../lib/errors.ts';
import { parseMountOptions } from '../model/filesystems/mount.ts';
import { type FsType, fsTypes, isFsType } from '../model/filesystems/types.ts';

/** How a volume is to be used: a VolumeCapability that has been understood. */
export interface Use {
  readonly mode: 'Filesystem' | 'Block';
  readonly fsType: FsType | undefined;
  readonly mountFlags: readonly string[];
  readonly readOnly: boolean;
  /** Only one target path at a time may have it. */
  readonly singleWriter: boolean;
}

/** Throws `invalid` for what is incomplete, and for access from several nodes. */
export function readCapability(doing: string, capability: VolumeCapability | undefined): Use {
  if (!capability) return fail('invalid', `${doing}: no volume capability is given`);
  const access = capability.accessMode?.mode ?? Mode.UNKNOWN;
  const refusal = whyNot(access);
  if (refusal) fail('invalid', `${doing}: ${refusal}`);
  const readOnly = access === Mode.SINGLE_NODE_READER_ONLY;
  const singleWriter = access === Mode.SINGLE_NODE_SINGLE_WRITER;
  const { accessType } = capability;
  switch (accessType.case) {
    case 'block':
      return { mode: 'Block', fsType: undefined, mountFlags: [], readOnly, singleWriter };
    case 'mount': {
      const { mountFlags } = accessType.value;
      const fsType = readFsType(doing, accessType.value.fsType);
      checkMountFlags(doing, fsType, mountFlags);
      return { mode: 'Filesystem', fsType, mountFlags, readOnly, singleWriter };
    }
    default:
      return fail('invalid', `${doing}: the volume capability says neither block nor mount`);
  }
}

/** The one way in which all capabilities of a volume want it. Throws `invalid` if they contradict each other. */
export function readCapabilities(doing: string, capabilities: readonly VolumeCapability[]): Use {
  const [first, ...rest] = capabilities.map((capability) => readCapability(doing, capability));
  if (!first) return fail('invalid', `${doing}: no volume capabilities are given`);
  for (const other of rest) {
    if (other.mode !== first.mode) fail('invalid', `${doing}: a volume is raw block or has a file system, not both`);
    if (other.fsType !== first.fsType) fail('invalid', `${doing}: the capabilities name different file systems`);
  }
  return first;
}

/** Throws `invalid` for a mount option that is not on the list of the file system, or of any if it is not known. */
export function checkMountFlags(doing: string, fsType: FsType | undefined, flags: readonly string[]): void {
  try {
    parseMountOptions(fsType, flags);
  } catch (error) {
    fail('invalid', `${doing}: ${messageOf(error)}`, error);
  }
}

function readFsType(doing: string, text: string): FsType | undefined {
  if (text === '') return undefined;
  return isFsType(text) ? text : fail('invalid', `${doing}: file system "${text}" is not one of ${fsTypes.join(', ')}`);
}

function whyNot(mode: Mode): string | undefined {
  switch (mode) {
    case Mode.SINGLE_NODE_WRITER:
    case Mode.SINGLE_NODE_READER_ONLY:
    case Mode.SINGLE_NODE_SINGLE_WRITER:
    case Mode.SINGLE_NODE_MULTI_WRITER:
      return undefined;
    case Mode.MULTI_NODE_READER_ONLY:
    case Mode.MULTI_NODE_SINGLE_WRITER:
    case Mode.MULTI_NODE_MULTI_WRITER:
      return "a local volume's bytes are on one node, so several nodes can't have it; ask for ReadWriteOnce";
    default:
      return 'the volume capability has no access mode that is known here';
  }
}
