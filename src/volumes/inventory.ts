import type { Artifact } from '../engines/engine.ts';
import type { LocalAttachment } from '../engines/local/attachments.ts';
import type { Difference, Snapshot, Volume } from '../model/kinds/moorage.ts';
import { isDeleting } from '../model/object.ts';
import { bytesOf } from '../model/quantity.ts';
import { sizeWords } from './words.ts';

/** The three lists. Objects are given as they were before and after the engine was looked at, since both move on. */
export interface Observed {
  readonly node: string;
  readonly before: Objects;
  readonly after: Objects;
  /** The pools that could be looked into. */
  readonly openPools: readonly string[];
  readonly artifacts: readonly Artifact[];
  readonly attachments: readonly LocalAttachment[];
  /** The volumes that the CSI driver has a record of having staged here. */
  readonly staged: readonly string[];
}

export interface Objects {
  readonly volumes: readonly Volume[];
  readonly snapshots: readonly Snapshot[];
}

/** A difference, and what would mend it, if that is safe. */
export interface Finding extends Difference {
  readonly remedy?:
    | { readonly do: 'delete'; readonly artifact: Artifact & { readonly uid: string } }
    | { readonly do: 'detach'; readonly attachment: LocalAttachment };
}

type Kept = Volume | Snapshot;

/**
 * Compares what the objects say, what the engine keeps and what is attached, and names each difference. Pure. Only
 * what carries our mark and belongs to no object has a remedy; when it may be applied is for the caller to say.
 */
export function compareInventory(observed: Observed): Finding[] {
  return [
    ...observed.artifacts.flatMap((artifact) => ofArtifact(observed, artifact)),
    ...ofObjects(observed, 'volume'),
    ...ofObjects(observed, 'snapshot'),
    ...observed.attachments.flatMap((attachment) => ofAttachment(observed, attachment)),
    ...observed.staged.flatMap((name) => ofRecord(observed, name)),
  ];
}

function ofArtifact(observed: Observed, artifact: Artifact): Finding[] {
  const { kind, pool, name, uid, complete } = artifact;
  const what = kind === 'volume' ? 'Volume' : 'Snapshot';
  const where = `pool ${pool}`;
  if (uid === undefined) {
    // The first and the last moment of a thing of ours: its directory is there, and the mark in it not yet, or no more.
    if (!complete && objectsOf(observed, kind, name).length > 0) return [];
    const message = `${name} in ${where} does not carry Moorage's mark, and is left alone`;
    return [{ kind: 'Foreign', what: 'File', name, message }];
  }
  const claimed = objectsOf(observed, kind, name).find((object) => object.metadata.uid === uid);
  if (!claimed) {
    const half = complete ? '' : ', half-made';
    const message = `${what} ${name} in ${where}${half} takes ${sizeWords(artifact.used)}, and no object claims it`;
    return [{ kind: 'Leak', what, name, message, remedy: { do: 'delete', artifact: { ...artifact, uid } } }];
  }
  if (!complete || isDeleting(claimed)) return [];
  const home = claimed.status?.placement?.pool;
  if (home !== undefined && home !== pool) {
    return [
      { kind: 'Mismatch', what, name, message: `${what} ${name} is in ${where}, though its object says ${home}` },
    ];
  }
  const promised = bytesOf(claimed.status?.size ?? '0');
  if (kind === 'volume' && artifact.size < promised) {
    const sizes = `${sizeWords(artifact.size)}, though its object says ${sizeWords(promised)}`;
    return [{ kind: 'Mismatch', what, name, message: `${what} ${name} in ${where} has ${sizes}` }];
  }
  return [];
}

function ofObjects(observed: Observed, kind: Artifact['kind']): Finding[] {
  const what = kind === 'volume' ? 'Volume' : 'Snapshot';
  const { node, after, artifacts, openPools } = observed;
  const there = new Set(
    artifacts.filter((it) => it.kind === kind && it.complete).map((it) => `${it.pool}/${it.name}/${it.uid}`),
  );
  const objects: readonly Kept[] = kind === 'volume' ? after.volumes : after.snapshots;
  return objects.flatMap((object): Finding[] => {
    const { name, uid } = object.metadata;
    const pool = object.status?.placement?.pool;
    if (object.status?.phase !== 'Ready' || pool === undefined || isDeleting(object)) return [];
    if (object.status.placement?.node !== node || there.has(`${pool}/${name}/${uid}`)) return [];
    // It may have been made after the engine was asked.
    const old = objectsOf({ ...observed, after: { volumes: [], snapshots: [] } }, kind, name);
    if (!old.some((it) => it.metadata.uid === uid && it.status?.phase === 'Ready')) return [];
    return openPools.includes(pool)
      ? [{ kind: 'Loss', what, name, message: `${what} ${name} should be in pool ${pool}, and is not there` }]
      : [
          {
            kind: 'Mismatch',
            what,
            name,
            message: `${what} ${name} could not be looked for: pool ${pool} is not open`,
          },
        ];
  });
}

function ofAttachment(observed: Observed, attachment: LocalAttachment): Finding[] {
  const { kind, pool, name, device, targets, deleted } = attachment;
  const objects = objectsOf(observed, kind, name);
  const mounted = targets.length > 0;
  const where = mounted ? `, mounted at ${targets.join(' and ')}` : '';
  if (objects.length === 0 || deleted) {
    const message = `${device} is attached to ${name} of pool ${pool}${where}, and no object claims that`;
    const leak = { kind: 'Leak', what: 'LoopDevice', name: device, message } as const;
    // What is mounted may be in use: that is for a person to decide.
    return [mounted ? leak : { ...leak, remedy: { do: 'detach', attachment } }];
  }
  const recorded = objects.some(
    (it) =>
      'attachments' in (it.status ?? {}) &&
      (it as Volume).status?.attachments?.some(({ node }) => node === observed.node),
  );
  if (recorded || objects.some(isDeleting)) return [];
  const message = `${device} is attached to ${name} of pool ${pool}${where}, and its Volume does not say so`;
  return [{ kind: 'Mismatch', what: 'LoopDevice', name: device, message }];
}

function ofRecord(observed: Observed, name: string): Finding[] {
  if (objectsOf(observed, 'volume', name).length > 0) return [];
  const message = `this node has a record of having staged ${name}, and there is no such Volume`;
  return [{ kind: 'Mismatch', what: 'NodeRecord', name, message }];
}

function objectsOf({ before, after }: Observed, kind: Artifact['kind'], name: string): readonly Kept[] {
  const all: readonly Kept[] =
    kind === 'volume' ? [...before.volumes, ...after.volumes] : [...before.snapshots, ...after.snapshots];
  return all.filter(({ metadata }) => metadata.name === name);
}
