import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  ValidateVolumeCapabilitiesRequest,
  ValidateVolumeCapabilitiesResponseSchema,
} from '../../csi/protocol/csi_pb.ts';
import { isCode } from '../../lib/errors.ts';
import type { Volume } from '../../model/kinds/moorage.ts';
import { readCapabilities } from '../capability.ts';
import { readParameters, refuseUnknown } from '../requests/parameters.ts';

/** Confirms the capabilities if the volume has all of them; says which is missing otherwise. */
export function validateCapabilities(
  volume: Volume,
  request: ValidateVolumeCapabilitiesRequest,
): MessageInitShape<typeof ValidateVolumeCapabilitiesResponseSchema> {
  const { volumeCapabilities, volumeContext, parameters } = request;
  const doing = `volume ${volume.metadata.name}`;
  try {
    const use = readCapabilities(doing, volumeCapabilities);
    readParameters(doing, parameters, use);
    refuseUnknown(doing, request.mutableParameters, []);
    if (use.mode !== volume.spec.mode) {
      const has = volume.spec.mode === 'Block' ? 'is raw block' : 'has a file system';
      return { message: `${doing} ${has}, and can't be used otherwise` };
    }
    return { confirmed: { volumeCapabilities, volumeContext, parameters } };
  } catch (error) {
    if (isCode(error, 'invalid')) return { message: error.message };
    throw error;
  }
}
