import type { Exec } from '../lib/exec.ts';
import type { Log } from '../lib/log.ts';
import type { Pool } from '../model/kinds/moorage.ts';

/** The roles that a storage engine implements. All of them may be called twice, and cut off between any two lines. */

/** Names a volume or snapshot within an engine. The name is that of the Volume or Snapshot object. */
export interface EngineRef {
  readonly pool: string;
  readonly name: string;
}

/** What the volumes of a pool can do. Nothing above the engines asks which engine it is: it reads this. */
export interface PoolFeatures {
  /** Raw block volumes. */
  readonly block: boolean;
  /** File systems that can be made on its volumes; none where a volume is a directory already. */
  readonly fsTypes: readonly string[];
  /** Whether a volume can't grow beyond its size. */
  readonly sizeEnforced: boolean;
  /** Copies as of one moment, from which volumes can be made. */
  readonly snapshots: boolean;
  /** Copies of volumes. */
  readonly clones: boolean;
  /** Growth while it is mounted. */
  readonly onlineGrowth: boolean;
  /** Several nodes may write to a volume at once. */
  readonly sharedWriters: boolean;
  /** Bytes that every size is a multiple of. */
  readonly unit: bigint;
}

/** A pool that can be used from here. */
export interface OpenPool {
  /** The engine that keeps it. */
  readonly engine: string;
  /** How its volumes are kept, in the engine's own word, for people. */
  readonly backend: string;
  /** Why so, for people. */
  readonly why: string;
  readonly path: string;
  readonly features: PoolFeatures;
  /** The disk whose content was given up for it, when it was made. */
  readonly wiped?: string | undefined;
  /** The file systems that it takes room from, by their devices: pools that have one in common take from each other. */
  readonly filesystems: readonly string[];
  /** Whether the first of them is its own, so that what is used of it is used by the pool. */
  readonly hasFilesystem: boolean;
  readonly capacity: PoolCapacity;
}

/** Opens and keeps pools. The volumes of a pool can be used once it is open. */
export interface EnginePools {
  /**
   * Ensures that the pool is there and usable, from nothing or from wherever a crash left it, and grown to what its
   * spec asks for. Throws `in-use` if its place holds anything that is not this pool, and changes nothing then. To
   * find a large disk blank takes a while, which the signal ends.
   */
  open(pool: Pool, signal?: AbortSignal): Promise<OpenPool>;
  /** Lets the pool go without touching its content. Throws `busy` while a volume of it is attached. */
  close(name: string): Promise<void>;
  /** Grows an open pool to what its spec asks for; never shrinks it. */
  grow(pool: Pool): Promise<OpenPool>;
  /** Removes an open pool that has no volumes or snapshots left (`in-use` otherwise). */
  remove(name: string): Promise<void>;
  /** Names of the open pools that can be used. */
  list(): readonly string[];
  /** Whether the pool is open, if only to be let go of. */
  isOpen(name: string): boolean;
  /** How full it is. Throws `corrupted` if it can't be used any more. */
  capacity(name: string): Promise<PoolCapacity>;
}

export interface VolumeWish extends EngineRef {
  /** The uid of the Volume object: the mark that tells ours from a namesake's. */
  readonly uid: string;
  /** The uid of an object that is no more, whose bytes these may be: they are marked as this one's then. */
  readonly adopt?: string | undefined;
  /** The claim that it is for, `namespace/name`: only to be told by `get` and `list`. */
  readonly claim?: string | undefined;
  /** Bytes; rounded up to what the pool counts in. */
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

/** A device of this node over the bytes of something in a pool, whoever made it. */
export interface Attachment extends EngineRef {
  readonly kind: Artifact['kind'];
  readonly device: string;
  /** Where its file system, or the device itself, is mounted. */
  readonly targets: readonly string[];
  /** True if the bytes under it have been deleted. */
  readonly deleted: boolean;
}

/** How much of an attached volume is used, in bytes. */
export interface VolumeUsage {
  readonly total: bigint;
  readonly used: bigint;
  readonly available: bigint;
}

/** Brings volumes to this node. */
export interface EngineNode {
  /** Ensures that the volume is reachable here, and at its full size. */
  attach(ref: EngineRef, options: { readonly readOnly: boolean }): Promise<Attached>;
  /** Ensures that it is not. Throws `busy` while something holds it. */
  detach(ref: EngineRef): Promise<void>;
  /** Where it is attached now, found from the system, not from memory. */
  attached(ref: EngineRef): Promise<Attached | undefined>;
  /** The devices over what is in the open pools, whoever made them. */
  attachments(): Promise<readonly Attachment[]>;
  /** Takes away such a device. Throws `busy` while something holds it. */
  release(attachment: Attachment): Promise<void>;
  /** A device that looks like one of a volume of that name, for where its pool is not open and can't be asked. */
  trace(name: string): Promise<string | undefined>;
  /** How full a volume is that is attached as a directory, if that is known; a file system of its own tells itself. */
  usage(ref: EngineRef): Promise<VolumeUsage | undefined>;
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

/** What keeps the bytes. */
export interface Engine {
  readonly name: string;
  readonly pools: EnginePools;
  readonly volumes: EngineVolumes;
  readonly node: EngineNode;
}

/** Several engines as one: each call goes to the one that keeps the pool. */
export type Engines = Omit<Engine, 'name'>;

/** What an engine is made with. */
export interface EngineOptions {
  readonly dataDir: string;
  readonly exec: Exec;
  readonly log: Log;
  /** The places of the pools that are open, of all engines. */
  readonly places: PoolPlaces;
}

/** Where pools are: none may be inside another one. By name. */
export type PoolPlaces = Map<string, string>;
