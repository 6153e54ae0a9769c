import { type Snapshot, type Volume, volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import type { NodeStorage } from '../agent/node-storage.ts';
import { referenceText } from './rules.ts';

/** Milliseconds until it is asked again whether something still needs it, where no view shows that. */
export const lookAgain = 5_000;

/** The index of the Volumes that are being made, by the kind and name of what they are copied from. */
const byCopied = {
  name: 'volumes/by-source-of-unfinished',
  keys: (volume: Volume) => (isUnfinished(volume) ? sourceKey(volume) : []),
};

/**
 * Why a Volume or Snapshot that is being deleted has to stay, and what to do about it; undefined if nothing needs it.
 * Its bytes may go only then.
 */
export async function neededBy(
  storage: NodeStorage,
  kind: 'Volume' | 'Snapshot',
  { metadata: { name, labels } }: Volume | Snapshot,
): Promise<string | undefined> {
  const { api, sole } = storage.options;
  const [copy] = api.informer(volumes).index(byCopied.name, byCopied.keys)(`${kind}/${name}`);
  if (copy) return `Volume ${copy.metadata.name} is being made from it: it goes once that is done, or is deleted`;
  // It lives and dies with a pod: not worth asking for.
  if (!sole && labels?.[inlineLabel] === 'true') return undefined;
  const { references } = storage;
  const found = kind === 'Volume' ? await references.ofVolume(name) : await references.ofSnapshot(name);
  if (!found) return undefined;
  const whole = kind === 'Volume' ? 'claim' : 'VolumeSnapshot';
  const way = found.of === undefined ? `delete that ${found.kind}` : `delete that ${whole}`;
  return `${referenceText(found)} needs it: its data stays, and can be used, until that is gone; copy what is to be kept, then ${way}`;
}

/** What a Volume that is no longer being made was copied from, if it is of that kind: that may go now. */
export function copiedFrom(kind: 'Volume' | 'Snapshot', volume: Volume, gone: boolean): string[] {
  const { source } = volume.spec;
  return source?.kind === kind && (gone || !isUnfinished(volume)) ? [source.name] : [];
}

/** Marks the Volumes that live and die with a pod. */
export const inlineLabel = 'moorage.dev/inline';

function isUnfinished(volume: Volume): boolean {
  const phase = volume.status?.phase ?? 'Pending';
  return phase !== 'Ready' && phase !== 'Failed' && !isDeleting(volume);
}

function sourceKey({ spec: { source } }: Volume): string[] {
  return source ? [`${source.kind}/${source.name}`] : [];
}
