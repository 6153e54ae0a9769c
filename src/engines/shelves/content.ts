import type { Attached, PoolFeatures, VolumeUsage } from '../engine.ts';

/** How the bytes of volumes and snapshots are kept in their directories: what backends differ in. */
export interface Content {
  /** What that is called, for people. */
  readonly backend: string;
  readonly features: PoolFeatures;
  /** Puts the content of a new volume, or a copy of another's, into an empty directory. */
  fill(directory: string, wish: ContentWish): Promise<void>;
  /** Ensures at least that size, also where it is attached. */
  grow(directory: string, size: bigint, provisioning: 'thin' | 'thick'): Promise<void>;
  /** Bytes it promises (undefined: only meta.json knows) and takes. Throws if they are not there. */
  measure(directory: string): Promise<{ readonly size: bigint | undefined; readonly used: bigint }>;
  /** Brings what applications have written, but the kernel not yet, into the content. */
  settle(directory: string): Promise<void>;
  /** Makes the content blank again. Throws `busy` while something holds it. */
  blank(directory: string, size: bigint): Promise<void>;
  /** Takes the space that the new file system of an attached volume needs to stay alive. Throws `exhausted`. */
  secure(directory: string, made: { readonly device: string; readonly fsType: string }): Promise<void>;
  attach(
    directory: string,
    options: { readonly readOnly: boolean; readonly provisioning: 'thin' | 'thick' },
  ): Promise<Attached>;
  attached(directory: string): Promise<Attached | undefined>;
  /** Throws `busy` while something holds it. */
  detach(directory: string): Promise<void>;
  /** Why the content can't be deleted now, or undefined. */
  inUse(directory: string): Promise<string | undefined>;
  /** How full it is, where that is known and no file system of its own tells it. */
  usage?(directory: string): Promise<VolumeUsage>;
  /** Takes content away that can't be removed file by file; called before the rest of its directory goes. */
  clear?(directory: string): Promise<void>;
}

export interface ContentWish {
  readonly size: bigint;
  readonly provisioning: 'thin' | 'thick';
  /** The directory of the volume or snapshot that it starts as a copy of. */
  readonly source?: string | undefined;
}
