import type { CreateVolumeRequest } from '../../csi/protocol/csi_pb.ts';
import { defaultFsType } from '../../model/filesystems/types.ts';
import { claimAnnotation, type Volume } from '../../model/kinds/moorage.ts';
import { bytesOf, formatBytes } from '../../model/quantity.ts';
import { readCapabilities } from '../capability.ts';
import { readTopology } from '../topology.ts';
import { readParameters, refuseUnknown } from './parameters.ts';
import { chooseSize, isWithin, type Range, readRange } from './size.ts';

/** What a new volume starts as a copy of, as far as the request depends on it. */
export interface CopySource {
  readonly kind: 'Snapshot' | 'Volume';
  readonly name: string;
  /** Bytes. */
  readonly size: bigint;
}

/** A CreateVolume request that has been understood. */
export interface RequestedVolume {
  readonly range: Range;
  readonly spec: Volume['spec'];
  readonly mountFlags: readonly string[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** The Volume that a request asks for. Throws `invalid` or OUT_OF_RANGE, saying why there can be none. */
export function readCreateVolume(
  doing: string,
  request: CreateVolumeRequest,
  source: CopySource | undefined,
): RequestedVolume {
  const use = readCapabilities(doing, request.volumeCapabilities);
  const parameters = readParameters(doing, request.parameters, use);
  refuseUnknown(doing, request.mutableParameters, []);
  const range = readRange(doing, request.capacityRange);
  const where = readTopology(doing, request.accessibilityRequirements);
  const fsType = use.mode === 'Block' ? 'none' : (parameters.fsType ?? defaultFsType);
  const from = source && { kind: source.kind, name: source.name };
  const { pool, poolSelector, mkfsOptions, provisioning } = parameters;
  const choices = {
    pool,
    mode: use.mode,
    fsType: parameters.fsType,
    mkfsOptions,
    provisioning,
    source: from,
    poolSelector,
  };
  const asked = Object.entries(choices).filter(([, value]) => value !== undefined);
  return {
    range,
    mountFlags: use.mountFlags,
    annotations: parameters.claim === undefined ? {} : { [claimAnnotation]: parameters.claim },
    spec: {
      ...choices,
      size: formatBytes(chooseSize(doing, range, { fsType, source: source?.size })),
      ...(where.nodes && { nodes: [...where.nodes] }),
      ...(where.preferredNodes && { preferredNodes: [...where.preferredNodes] }),
      mkfsOptions: mkfsOptions && [...mkfsOptions],
      request: { name: request.name, choices: JSON.stringify(Object.fromEntries(asked)) },
    },
  };
}

/** Why the Volume that is there is no answer to the wish, or undefined if it is one. */
export function whyOther(present: Volume, wish: RequestedVolume): string | undefined {
  const { request } = present.spec;
  const asked = wish.spec.request ?? {};
  if (!request) return 'it was not made by a CSI call';
  if (request['name'] !== asked['name']) return `it was made for ${request['name']}`;
  if (request['choices'] !== asked['choices']) return `it was asked for as ${request['choices']}`;
  const size = bytesOf(present.status?.size ?? present.spec.size);
  return isWithin(size, wish.range) ? undefined : `it has ${formatBytes(size)}`;
}
