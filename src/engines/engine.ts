/** The roles that a storage engine implements. All of them may be called twice, and cut off between any two lines. */

/** Names a volume or snapshot within an engine. The name is that of the Volume or Snapshot object. */
export interface EngineRef {
  readonly pool: string;
  readonly name: string;
}

export interface VolumeWish extends EngineRef {
  /** The uid of the Volume object: the mark that tells ours from a namesake's. */
  readonly uid: string;
  /** The uid of an object that is no more, whose bytes these may be: they are marked as this one's then. */
  readonly adopt?: string | undefined;
  /** The claim that it is for, `namespace/name`: only to be told by `get` and `list`. */
  readonly claim?: string | undefined;
  /** Bytes, a multiple of 4096. */
  readonly size: bigint;
  /** Whether space is taken when it is written (thin) or at once (thick). */
  readonly provisioning: 'thin' | 'thick';
  /** What it starts as a copy of. The copy keeps the source's formatting; the volume may be larger, never smaller. */
  readonly source?: { readonly kind: 'snapshot' | 'volume'; readonly name: string } | undefined;
}

export interface SnapshotWish extends EngineRef {
  readonly uid: string;
  /** As of a VolumeWish. */
  readonly adopt?: string | undefined;
  readonly volume: string;
}

/** What an engine knows of one thing that it keeps. */
export interface Artifact extends EngineRef {
  readonly kind: 'volume' | 'snapshot';
  /** The uid it was made for; undefined if it carries no mark of ours, and then nothing of ours may touch it. */
  readonly uid: string | undefined;
  /** Bytes it promises (a volume's size; a snapshot's restore size). */
  readonly size: bigint;
  /** Bytes it takes on disk, shared ones included. */
  readonly used: bigint;
  /** For a snapshot, the volume it was taken of. */
  readonly volume?: string;
  /** Of a volume. */
  readonly provisioning: 'thin' | 'thick';
  /** The file system that was made on it; undefined if it was never formatted. */
  readonly fsType?: string;
  readonly claim?: string;
  readonly createdAt: Date;
  /** Half-made and half-deleted things are listed too, so that nothing stays unknown. */
  readonly complete: boolean;
  /** What is wrong with its bytes, for people: they are missing, or fewer than there should be. */
  readonly damage?: string;
}

export interface PoolCapacity {
  /** Bytes. */
  readonly total: bigint;
  readonly used: bigint;
  readonly available: bigint;
}

/** Makes and keeps volumes. Runs where the data is, or where the engine's daemons are reached. */
export interface EngineVolumes {
  /** Ensures the volume, whole: afterwards it is there with that size and content, or nothing of it is. */
  create(wish: VolumeWish): Promise<Artifact>;
  /**
   * Ensures its absence. Throws `in-use` while attached, or while some of it can't be removed: then that is left, and is
   * still `get`, incomplete. Refuses (`permission`) what does not carry our mark.
   */
  delete(ref: EngineRef): Promise<void>;
  /** Ensures at least that size; never shrinks. */
  expand(ref: EngineRef, size: bigint): Promise<Artifact>;
  /** Ensures a point-in-time copy, as a power cut at that instant would have left the volume. */
  snapshot(wish: SnapshotWish): Promise<Artifact>;
  deleteSnapshot(ref: EngineRef): Promise<void>;
  get(kind: 'volume' | 'snapshot', ref: EngineRef): Promise<Artifact | undefined>;
  list(pool: string): Promise<readonly Artifact[]>;
  capacity(pool: string): Promise<PoolCapacity>;
}

/** Where an attached volume's bytes are reached on this node: a block device, or a directory ready to use. */
export type Attached =
  | {
      readonly kind: 'device';
      readonly path: string;
      /** True if the engine can tell that nobody has written to it since it was made: then it has only zeroes. */
      readonly untouched?: boolean;
    }
  | { readonly kind: 'directory'; readonly path: string };

/** Brings volumes to this node. */
export interface EngineNode {
  /** Ensures that the volume is reachable here, and at its full size. */
  attach(ref: EngineRef, options: { readonly readOnly: boolean }): Promise<Attached>;
  /** Ensures that it is not. Throws `busy` while something holds it. */
  detach(ref: EngineRef): Promise<void>;
  /** Where it is attached now, found from the system, not from memory. */
  attached(ref: EngineRef): Promise<Attached | undefined>;
  /** The file system that we made on the volume, or undefined if we never formatted it. */
  formatted(ref: EngineRef): Promise<string | undefined>;
  /**
   * Takes the space that the file system which was just made on an attached volume needs to stay alive, whoever fills the
   * pool later: that of its journal. Throws `exhausted`.
   */
  secure(ref: EngineRef, made: { readonly device: string; readonly fsType: string }): Promise<void>;
  /**
   * Records that mkfs is about to run (`formatting`), or that it has ended well (`formatted`, before the first mount).
   * Durable when it returns. A volume left at `formatting` is made blank again by the next attach.
   */
  recordFormat(ref: EngineRef, fsType: string, state: 'formatting' | 'formatted'): Promise<void>;
}

export interface Engine {
  readonly name: 'local' | 'mirror' | 'ceph' | 'gluster' | 'nfs';
  /** What its volumes can do here and now; the CSI driver announces no more than this. */
  readonly features: { readonly block: boolean; readonly sizeEnforced: boolean; readonly fsTypes: readonly string[] };
  readonly volumes: EngineVolumes;
  readonly node: EngineNode;
}
