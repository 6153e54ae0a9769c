import { fail, isCode } from '../../lib/errors.ts';
import {
  type ClassParameters,
  callersPrefix,
  readClassParameters,
  unknownParameters,
} from '../../model/class-parameters.ts';
import { checkMountFlags, type Use } from '../capability.ts';

/** What a StorageClass and the caller say to us. */
export interface VolumeParameters extends ClassParameters {
  /** The claim that the volume is for, `namespace/name`, where the caller told. */
  readonly claim: string | undefined;
}

/** Throws `invalid` for a parameter that is not known, listing those that are, and for a value that can't be. */
export function readParameters(
  doing: string,
  parameters: Readonly<Record<string, string>>,
  use: Pick<Use, 'mode' | 'fsType'> & Partial<Pick<Use, 'mountFlags'>>,
): VolumeParameters {
  const read = readFor(doing, parameters, use);
  if (use.mode === 'Filesystem') checkMountFlags(doing, read.fsType, use.mountFlags ?? []);
  const [namespace, name] = [parameters[`${callersPrefix}pvc/namespace`], parameters[`${callersPrefix}pvc/name`]];
  return {
    ...read,
    fsType: use.mode === 'Block' ? undefined : read.fsType,
    claim: namespace && name ? `${namespace}/${name}` : undefined,
  };
}

function readFor(doing: string, parameters: Readonly<Record<string, string>>, { fsType }: Pick<Use, 'fsType'>) {
  try {
    return readClassParameters(parameters, fsType);
  } catch (error) {
    if (!isCode(error, 'invalid')) throw error;
    return fail('invalid', `${doing}: ${error.message}`, error);
  }
}

/** Throws `invalid` if a parameter is neither known nor one that the callers of CSI add. */
export function refuseUnknown(
  doing: string,
  parameters: Readonly<Record<string, string>>,
  known: readonly string[],
): void {
  const unknown = Object.keys(parameters).filter((name) => !known.includes(name) && !name.startsWith(callersPrefix));
  if (unknown.length > 0) fail('invalid', `${doing}: ${unknownParameters(unknown, known)}`);
}
