import type { Artifact, Attachment } from '../../engines/engine.ts';
import type { Snapshot, Volume } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { bytesOf } from '../../model/quantity.ts';
import { sizeWords } from '../../model/size-words.ts';
import type { Finding } from './finding.ts';

/** Objects, bytes and devices. Objects are given as they were before and after the engine was looked at, since both move on. */
export interface Observed {
  readonly node: string;
  readonly before: Objects;
  readonly after: Objects;
  /** The pools that could be looked into. */
  readonly openPools: readonly string[];
  readonly artifacts: readonly Artifact[];
  readonly attachments: readonly Attachment[];
  /** The volumes that the CSI driver has a record of having staged here. */
  readonly staged: readonly string[];
  /** What else stands for a Volume or Snapshot of that name, though it may be gone; where that is in view. */
  readonly neededBy?: (kind: Artifact['kind'], name: string) => string | undefined;
  /** When the store last went on although objects may have been lost. */
  readonly lastLoss?: Date | undefined;
}

export interface Objects {
  readonly volumes: readonly Volume[];
  readonly snapshots: readonly Snapshot[];
}

type Kept = Volume | Snapshot;

/**
 * Compares what the objects say, what the engine keeps and what is attached, and names each difference. Pure. Only
 * what carries our mark and belongs to no object has a remedy, and not if that object may have been lost; when it may be
 * applied is for the caller to say.
 */
export function compareBytes(given: Observed): Finding[] {
  const observed = { ...given, known: knownBy(given.before, given.after), earlier: knownBy(given.before) };
  return [
    ...observed.artifacts.flatMap((artifact) => ofArtifact(observed, artifact)),
    ...ofObjects(observed, 'volume'),
    ...ofObjects(observed, 'snapshot'),
    ...observed.attachments.flatMap((attachment) => ofAttachment(observed, attachment)),
    ...observed.staged.flatMap((name) => ofRecord(observed, name)),
  ];
}

function ofArtifact(observed: Indexed, artifact: Artifact): Finding[] {
  const { kind, pool, name, uid, complete } = artifact;
  const what = kind === 'volume' ? 'Volume' : 'Snapshot';
  const where = `pool ${pool}`;
  if (uid === undefined) {
    // The first and the last moment of a thing of ours: its directory is there, and the mark in it not yet, or no more.
    if (!complete && observed.known(kind, name).length > 0) return [];
    const message = `${name} in ${where} does not carry Moorage's mark, and is left alone`;
    return [{ kind: 'Foreign', what: 'File', name, message }];
  }
  const claims = observed.known(kind, name).filter((object) => object.metadata.uid === uid);
  // As it was before: it may have grown since the bytes were looked at.
  const [claimed] = claims;
  if (!claimed) {
    const half = complete ? '' : ', half-made';
    const message = `${what} ${name} in ${where}${half} takes ${sizeWords(artifact.used)}, and no object claims it`;
    if (mayBeOfLost(observed, artifact)) return [{ kind: 'Leak', what, name, message: `${message}${ofLost}` }];
    const by = observed.neededBy?.(kind, name);
    if (by !== undefined)
      return [{ kind: 'Leak', what, name, message: `${message}; ${by} stands for it, so it is kept` }];
    return [{ kind: 'Leak', what, name, message, remedy: { do: 'delete', artifact: { ...artifact, uid } } }];
  }
  if (!complete || claims.some(isDeleting)) return [];
  const home = claimed.status?.placement?.pool;
  if (home !== undefined && home !== pool) {
    return [
      { kind: 'Mismatch', what, name, message: `${what} ${name} is in ${where}, though its object says ${home}` },
    ];
  }
  if (artifact.damage !== undefined) {
    const message = `${what} ${name} in ${where} has lost data: ${artifact.damage}; put them back from a backup, or restore a snapshot to another claim`;
    return [{ kind: 'Loss', what, name, message, momentary: true }];
  }
  const promised = bytesOf(claimed.status?.size ?? '0');
  if (kind === 'volume' && artifact.size < promised) {
    const sizes = `${sizeWords(artifact.size)}, though its object says ${sizeWords(promised)}`;
    return [{ kind: 'Mismatch', what, name, message: `${what} ${name} in ${where} has ${sizes}` }];
  }
  return [];
}

function ofObjects(observed: Indexed, kind: Artifact['kind']): Finding[] {
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
    const old = observed.earlier(kind, name);
    if (!old.some((it) => it.metadata.uid === uid && it.status?.phase === 'Ready')) return [];
    return openPools.includes(pool)
      ? [{ kind: 'Loss', what, name, message: `${what} ${name} should be in pool ${pool}, and is not there` }]
      : [
          {
            kind: 'Mismatch',
            what,
            name,
            message: `${what} ${name} could not be looked for: pool ${pool} is not open, or can't be read`,
          },
        ];
  });
}

function ofAttachment(observed: Indexed, attachment: Attachment): Finding[] {
  const { kind, pool, name, device, targets, deleted } = attachment;
  const objects = observed.known(kind, name);
  const mounted = targets.length > 0;
  const where = mounted ? `, mounted at ${targets.join(' and ')}` : '';
  if (objects.length === 0 || deleted) {
    const message = `${device} is attached to ${name} of pool ${pool}${where}, and no object claims that`;
    const leak = { kind: 'Leak', what: 'LoopDevice', name: device, message } as const;
    const isOfLost = observed.artifacts.some(
      (it) => it.kind === kind && it.pool === pool && it.name === name && mayBeOfLost(observed, it),
    );
    // What is mounted, or what nobody remembers, may be in use: that is for a person to decide.
    return [mounted || isOfLost ? leak : { ...leak, remedy: { do: 'detach', attachment } }];
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

function ofRecord(observed: Indexed, name: string): Finding[] {
  if (observed.known('volume', name).length > 0) return [];
  const message = `this node has a record of having staged ${name}, and there is no such Volume`;
  return [{ kind: 'Mismatch', what: 'NodeRecord', name, message }];
}

function mayBeOfLost({ lastLoss }: Observed, { createdAt }: Artifact): boolean {
  return lastLoss !== undefined && createdAt <= lastLoss;
}

const ofLost = '; it may belong to an object that was lost with the store, and is kept';

type Find = (kind: Artifact['kind'], name: string) => readonly Kept[];

/** What is observed, with its objects found by kind and name. */
interface Indexed extends Observed {
  readonly known: Find;
  readonly earlier: Find;
}

function knownBy(...lists: readonly Objects[]): Find {
  const nameOf = ({ metadata }: Kept) => metadata.name;
  const found = {
    volume: Map.groupBy<string, Kept>(
      lists.flatMap(({ volumes }) => volumes),
      nameOf,
    ),
    snapshot: Map.groupBy<string, Kept>(
      lists.flatMap(({ snapshots }) => snapshots),
      nameOf,
    ),
  };
  return (kind, name) => found[kind].get(name) ?? [];
}
