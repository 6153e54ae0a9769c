import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CreateVolumeRequestSchema } from '../../csi/protocol/csi_pb.ts';
import { RpcError } from '../../csi/transport/codes.ts';
import { status } from '../../csi/transport/status.ts';
import { fail } from '../../lib/errors.ts';
import { volumeNameFor } from '../../model/claims/claims.ts';
import type { PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { StorageClass } from '../../model/kinds/storage.ts';
import { bytesOf, countable, largestBytes } from '../../model/quantity.ts';
import type { DriverCapabilities } from '../drivers/capabilities.ts';
import type { Driver } from '../drivers/driver.ts';
import { claimCapabilities } from '../requests/capability.ts';
import type { ContentSource } from './content-source.ts';
import type { ClassParameters } from './parameters.ts';
import type { TopologyRequirement } from './topology.ts';

export type CreateVolumeInit = MessageInitShape<typeof CreateVolumeRequestSchema>;

/** Everything that a CreateVolume call is made of. */
export interface Wanted {
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass;
  readonly parameters: ClassParameters;
  readonly source: ContentSource | undefined;
  readonly requirement: TopologyRequirement | undefined;
  readonly secrets: Readonly<Record<string, string>>;
  readonly mutableParameters: Readonly<Record<string, string>>;
}

/** Bytes that the claim asks for. Throws `invalid` if it names none. */
export function requestedBytes({ spec, metadata }: PersistentVolumeClaim): bigint {
  const request = spec.resources?.requests?.['storage'];
  return bytesOf(request ?? fail('invalid', `claim ${metadata.name} has no spec.resources.requests.storage`));
}

/**
 * Throws `invalid`, `unsupported` or OUT_OF_RANGE for claims that the driver can't serve, before it is asked.
 */
export function checkClaim(claim: PersistentVolumeClaim, driver: string, capabilities: DriverCapabilities): void {
  if (!capabilities.createVolume) {
    fail('unsupported', `driver ${driver} does not create volumes: make a PersistentVolume by hand`);
  }
  if (claim.spec.selector) fail('invalid', 'claim Selector is not supported');
  if ((claim.spec.accessModes ?? []).length === 0) fail('invalid', 'the claim has no access mode');
  if (requestedBytes(claim) > largestBytes) {
    const asked = claim.spec.resources?.requests?.['storage'];
    throw new RpcError(
      status.OUT_OF_RANGE,
      `${asked} is more than a driver can be asked for, which is 8Ei less a byte`,
    );
  }
}

/** The CreateVolume call for a claim. It is the same on every retry, as long as claim and class are. */
export function createVolumeRequest(
  wanted: Wanted,
  { capabilities, extras }: Pick<Driver, 'capabilities' | 'extras'>,
): CreateVolumeInit {
  const { claim, storageClass, parameters, source, requirement } = wanted;
  const limit = claim.spec.resources?.limits?.['storage'];
  const { volumeMode, accessModes = [] } = claim.spec;
  const use = { volumeMode, fsType: parameters.fsType, mountOptions: storageClass.mountOptions };
  return {
    name: volumeNameFor(claim),
    capacityRange: { requiredBytes: requestedBytes(claim), limitBytes: limit ? countable(bytesOf(limit)) : 0n },
    volumeCapabilities: claimCapabilities(use, accessModes, capabilities.controllerSingleNodeMultiWriter),
    parameters: { ...parameters.driver, ...(extras.claimMetadata && claimParameters(claim)) },
    secrets: { ...wanted.secrets },
    mutableParameters: { ...wanted.mutableParameters },
    ...(source && { volumeContentSource: { type: contentSource(source) } }),
    ...(requirement && {
      accessibilityRequirements: {
        requisite: requirement.requisite.map((segments) => ({ segments: { ...segments } })),
        preferred: requirement.preferred.map((segments) => ({ segments: { ...segments } })),
      },
    }),
  };
}

/** What says for whom a volume is. */
function claimParameters({ metadata }: PersistentVolumeClaim): Record<string, string> {
  const prefix = 'csi.storage.k8s.io/pvc';
  return { [`${prefix}/name`]: metadata.name, [`${prefix}/namespace`]: metadata.namespace ?? '' };
}

function contentSource(source: ContentSource) {
  return source.kind === 'snapshot'
    ? { case: 'snapshot' as const, value: { snapshotId: source.snapshotId } }
    : { case: 'volume' as const, value: { volumeId: source.volumeId } };
}
