import { fail } from '../../lib/errors.ts';
import type { PersistentVolumeClaim } from '../../model/kinds/core.ts';
import {
  annotationTokens,
  type SecretName,
  type SecretPurpose,
  secretFor,
  secretKeys,
  secretPurposes,
} from '../requests/secrets.ts';

const prefix = 'csi.storage.k8s.io/';
const fsTypeKey = `${prefix}fstype`;

/** What a class's parameters say: to us, and to the driver. */
export interface ClassParameters {
  /** What the driver gets: everything that is not ours to read. */
  readonly driver: Readonly<Record<string, string>>;
  readonly fsType: string | undefined;
  readonly secrets: Readonly<Partial<Record<SecretPurpose, SecretName>>>;
}

/**
 * Splits a class's parameters into ours (`csi.storage.k8s.io/…`) and the driver's, and fills in the templates of
 * secrets for one claim. Throws `invalid` for keys of ours that nobody knows.
 * https://kubernetes-csi.github.io/docs/external-provisioner.html#csi-driver-storageclass-parameters
 */
export function readClassParameters(
  parameters: Readonly<Record<string, string>>,
  claim: PersistentVolumeClaim,
  volumeName: string,
): ClassParameters {
  const ours = new Set([fsTypeKey, ...secretPurposes.flatMap((purpose) => Object.values(secretKeys(purpose)))]);
  const unknown = Object.keys(parameters).find((key) => key.startsWith(prefix) && !ours.has(key));
  if (unknown)
    fail('invalid', `the class's parameter ${unknown} is not known; known are ${[...ours].sort().join(', ')}`);
  if (parameters['fstype'] !== undefined && parameters[fsTypeKey] !== undefined) {
    fail('invalid', `the class's parameters name the file system twice: leave fstype out, and keep ${fsTypeKey}`);
  }
  return {
    driver: driverParameters(parameters),
    fsType: parameters[fsTypeKey] ?? parameters['fstype'],
    secrets: readSecretNames(parameters, claim, volumeName),
  };
}

/** The parameters of a class that are its driver's. */
export function driverParameters(parameters: Readonly<Record<string, string>>): Record<string, string> {
  const ours = (key: string) => key === 'fstype' || key.startsWith(prefix);
  return Object.fromEntries(Object.entries(parameters).filter(([key]) => !ours(key)));
}

const forTheVolume: readonly SecretPurpose[] = [
  'provisioner',
  'controller-publish',
  'node-stage',
  'node-publish',
  'controller-expand',
  'node-expand',
];

function readSecretNames(
  parameters: Readonly<Record<string, string>>,
  claim: PersistentVolumeClaim,
  volumeName: string,
): ClassParameters['secrets'] {
  const { name = '', namespace = '', annotations } = claim.metadata;
  const namespaceValues = { 'pv.name': volumeName, 'pvc.namespace': namespace };
  const basic = { ...namespaceValues, 'pvc.name': name };
  const found: Partial<Record<SecretPurpose, SecretName>> = {};
  for (const purpose of forTheVolume) {
    const values = purpose === 'provisioner' ? basic : { ...basic, ...annotationTokens(annotations) };
    const secret = secretFor(purpose, parameters, { name: values, namespace: namespaceValues });
    if (secret) found[purpose] = secret;
  }
  return found;
}
