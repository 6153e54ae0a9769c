import type { Exec } from '../../lib/exec.ts';
import type { Log } from '../../lib/log.ts';
import type { Pool } from '../../model/kinds/moorage.ts';
import type { Attachment, PoolCapacity } from '../engine.ts';
import type { Content } from './content.ts';
import type { Marker } from './marks/marker.ts';

/**
 * What engines differ in that keep each volume in a directory of its own, on a shelf of the pool: what the shelves stand
 * on, and what a volume's directory holds.
 */
export interface ShelfBackend {
  /** The engine's name. */
  readonly engine: string;
  /** Decides how a new pool keeps its data. Throws `permission` or `unsupported` if it can't, and changes nothing. */
  decide(place: NewPlace): Promise<Decision>;
  /** Whether something has been built already on what the marker says, so that it can't be decided anew. */
  isBegun(base: string, marker: Marker): Promise<boolean>;
  /** Brings the pool's file system up, from nothing or from wherever an earlier try was cut off. */
  open(place: PoolPlace): Promise<{ readonly store: PoolStore; readonly content: Content }>;
  /** The devices over what is on the shelves, whoever made them. */
  attachments(pools: readonly Shelves[]): Promise<readonly Attachment[]>;
  /** Takes away such a device. Throws `busy` while something holds it. */
  release(attachment: Attachment): Promise<void>;
  /** A device that looks like one of a volume of that name. */
  trace(name: string): Promise<string | undefined>;
}

/** Where a pool is to be made. */
export interface NewPlace {
  /** The pool's directory. */
  readonly base: string;
  /** The disk that is to hold it, if spec.path names one. */
  readonly disk: string | undefined;
  readonly wish: Pool;
  readonly signal?: AbortSignal | undefined;
}

export type Decision = Pick<Marker, 'layout' | 'why' | 'sectorSize' | 'made' | 'wiped'>;

/** Where a pool is, and what has been decided of it. */
export interface PoolPlace {
  readonly exec: Exec;
  readonly log: Log;
  readonly wish: Pool;
  readonly base: string;
  /** What spec.path names, or else the pool's own directory. */
  readonly given: string;
  readonly marker: Marker;
  /** True if the disk has just been found fit to become the pool. */
  readonly proven: boolean;
  /** To be called once the file system that the layout needs is whole, before it is used. */
  readonly onMade: () => Promise<void>;
  readonly signal?: AbortSignal | undefined;
}

/** What the shelves of an open pool stand on: a file system that was made for it, or a directory of somebody's. */
export interface PoolStore {
  /** The directory that has the shelves. */
  readonly root: string;
  /** The device of the file system, if that is the pool's own. */
  readonly device?: string | undefined;
  /** Paths on the file systems that its bytes take room from, its own first. */
  readonly room: readonly string[];
  capacity(): Promise<PoolCapacity>;
  /** Grows what can grow to what the pool's spec says. */
  grow(wish: Pool): Promise<void>;
  /** Lets go of it. Throws `busy` while a volume is attached. */
  close(): Promise<void>;
  /** Removes, once it is closed, what was made for it. */
  remove(): Promise<void>;
}

/** Where a pool's volumes and snapshots are. */
export interface Shelves {
  readonly name: string;
  readonly volumes: { readonly directory: string };
  readonly snapshots: { readonly directory: string };
  /** True if their file system is dead: then the kernel tells nothing of what is on it but the paths. */
  readonly dead: boolean;
}

/** The shelves below a directory. */
export function shelvesOf(name: string, root: string): Shelves {
  return {
    name,
    volumes: { directory: `${root}/volumes` },
    snapshots: { directory: `${root}/snapshots` },
    dead: false,
  };
}
