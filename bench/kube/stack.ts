/** Something that makes volumes for claims in a cluster: Moorage, or the official callers of CSI with their example driver. */
export interface Stack {
  readonly name: string;
  /** Names of its StorageClasses. */
  readonly classes: { readonly immediate: string; readonly firstConsumer: string };
  /** Process ids of all that belongs to it, on this machine. */
  processes(): Promise<readonly number[]>;
  /** Of these, one of each kind: the one that works most. */
  oneOfEach(): Promise<readonly number[]>;
}
