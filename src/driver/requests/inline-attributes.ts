import { create } from '@bufbuild/protobuf';
import { CreateVolumeRequestSchema, type NodePublishVolumeRequest } from '../../csi/protocol/csi_pb.ts';
import { fail, messageOf } from '../../lib/errors.ts';
import { bytesOf, quantity } from '../../model/quantity.ts';
import { inlineLabel } from '../../volumes/references/needed.ts';
import { readCapability } from '../capability.ts';
import { topologyOf } from '../topology.ts';
import { refuseUnknown } from './parameters.ts';
import { type RequestedVolume, readCreateVolume } from './requested-volume.ts';
import { refuseTooLarge } from './size.ts';

const prefix = 'csi.storage.k8s.io/';
const known = ['size', 'fsType'];
const defaultSize = '1Gi';

/** The pod that such a Volume was made for, `namespace/name`. */
export const podAnnotation = 'moorage.dev/pod';

/** Whether a pod asks for a volume of its own, which no claim and no class describes. */
export function isInline({ volumeContext }: NodePublishVolumeRequest): boolean {
  return volumeContext[`${prefix}ephemeral`] === 'true';
}

/** The Volume that a pod's inline volume asks for, on this node. Its attributes are the word of whoever wrote the pod. */
export function readInline(doing: string, request: NodePublishVolumeRequest, node: string): RequestedVolume {
  const { volumeId, volumeContext, volumeCapability } = request;
  const use = readCapability(doing, volumeCapability);
  if (use.mode === 'Block') fail('invalid', `${doing}: an inline volume has a file system; for raw block, use a claim`);
  refuseUnknown(doing, volumeContext, known);
  const { size = defaultSize, fsType } = volumeContext;
  const requiredBytes = readSize(doing, size);
  refuseTooLarge(doing, requiredBytes);
  const wish = readCreateVolume(
    doing,
    create(CreateVolumeRequestSchema, {
      name: volumeId,
      capacityRange: { requiredBytes },
      volumeCapabilities: volumeCapability ? [volumeCapability] : [],
      parameters: fsType ? { fsType } : {},
      accessibilityRequirements: { requisite: [topologyOf(node)] },
    }),
    undefined,
  );
  const [namespace, pod] = [volumeContext[`${prefix}pod.namespace`], volumeContext[`${prefix}pod.name`]];
  return {
    ...wish,
    annotations: namespace && pod ? { [podAnnotation]: `${namespace}/${pod}` } : {},
    labels: { [inlineLabel]: 'true' },
  };
}

function readSize(doing: string, text: string): bigint {
  const given = quantity.safeParse(text);
  try {
    const bytes = given.success ? bytesOf(given.data) : 0n;
    if (bytes > 0n) return bytes;
  } catch (error) {
    fail('invalid', `${doing}: size: ${messageOf(error)}`, error);
  }
  return fail('invalid', `${doing}: size is "${text}", and has to be a quantity above zero, such as 1Gi`);
}
