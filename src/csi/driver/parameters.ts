import * as z from 'zod';
import { parseLabelSelector } from '../../api/selectors.ts';
import { fail, messageOf } from '../../lib/errors.ts';
import { whyNotMkfsOptions } from '../../model/filesystems/mkfs.ts';
import { type FsType, fsTypes, isFsType } from '../../model/filesystems/types.ts';
import { checkMountFlags, type Use } from './capability.ts';

/** What a StorageClass says to us. */
export interface VolumeParameters {
  readonly pool: string | undefined;
  /** Labels of the pools that may hold it, as kubectl writes them. */
  readonly poolSelector: string | undefined;
  readonly fsType: FsType | undefined;
  readonly mkfsOptions: readonly string[] | undefined;
  readonly provisioning: 'thin' | 'thick';
  /** The claim that the volume is for, `namespace/name`, where the caller told. */
  readonly claim: string | undefined;
}

/** What the official callers add on their own. https://kubernetes-csi.github.io/docs/external-provisioner.html */
const callersPrefix = 'csi.storage.k8s.io/';
const known = ['pool', 'poolSelector', 'fsType', `${callersPrefix}fstype`, 'mkfsOptions', 'provisioning'];
/** The file system that is made where nobody names one. */
export const defaultFsType: FsType = 'ext4';
const provisioning = z.enum(['thin', 'thick']);

/** Throws `invalid` for a parameter that is not known, listing those that are, and for a value that can't be. */
export function readParameters(
  doing: string,
  parameters: Readonly<Record<string, string>>,
  use: Pick<Use, 'mode' | 'fsType'> & Partial<Pick<Use, 'mountFlags'>>,
): VolumeParameters {
  refuseUnknown(doing, parameters, known);
  const asked = [parameters['fsType'], parameters[`${callersPrefix}fstype`], use.fsType].filter((it) => it);
  const [fsType] = asked;
  if (asked.some((it) => it !== fsType)) {
    fail('invalid', `${doing}: it asks for different file systems, ${asked.join(' and ')}; name one`);
  }
  if (fsType !== undefined && !isFsType(fsType)) {
    fail('invalid', `${doing}: file system "${fsType}" is not one of ${fsTypes.join(', ')}`);
  }
  const given = provisioning.safeParse(parameters['provisioning'] ?? 'thin');
  if (!given.success) {
    fail('invalid', `${doing}: provisioning is "${parameters['provisioning']}", and can be thin or thick`);
  }
  const options = parameters['mkfsOptions']?.split(/\s+/).filter((it) => it !== '');
  const wrong = whyNotMkfsOptions(fsType ?? defaultFsType, options ?? []);
  if (wrong !== undefined) fail('invalid', `${doing}: ${wrong}`);
  if (use.mode === 'Filesystem') checkMountFlags(doing, fsType, use.mountFlags ?? []);
  const [namespace, name] = [parameters[`${callersPrefix}pvc/namespace`], parameters[`${callersPrefix}pvc/name`]];
  return {
    ...readPools(doing, parameters),
    fsType: use.mode === 'Block' ? undefined : fsType,
    mkfsOptions: options?.length ? options : undefined,
    provisioning: given.data,
    claim: namespace && name ? `${namespace}/${name}` : undefined,
  };
}

function readPools(doing: string, parameters: Readonly<Record<string, string>>) {
  const [pool, poolSelector] = [parameters['pool'] || undefined, parameters['poolSelector'] || undefined];
  if (pool !== undefined && poolSelector !== undefined) {
    fail('invalid', `${doing}: it names pool ${pool} and selects pools by ${poolSelector}; leave one of the two out`);
  }
  try {
    if (poolSelector !== undefined) parseLabelSelector(poolSelector);
  } catch (error) {
    fail('invalid', `${doing}: poolSelector: ${messageOf(error)}`, error);
  }
  return { pool, poolSelector };
}

/** Throws `invalid` if a parameter is neither known nor one that the callers of CSI add. */
export function refuseUnknown(
  doing: string,
  parameters: Readonly<Record<string, string>>,
  knownNames: readonly string[],
): void {
  const unknown = Object.keys(parameters).filter((key) => !knownNames.includes(key) && !key.startsWith(callersPrefix));
  if (unknown.length === 0) return;
  const list = knownNames.length > 0 ? `known are: ${knownNames.join(', ')}` : 'none is known';
  fail('invalid', `${doing}: unknown parameter ${unknown.map((key) => `"${key}"`).join(', ')}; ${list}`);
}
