/** A file system that is made on a device, checked and grown. */
export type FsType = 'ext4' | 'xfs';

/** The file systems that are made. */
export const fsTypes: readonly FsType[] = ['ext4', 'xfs'];

/** True for the name of a file system that is made. */
export function isFsType(text: string): text is FsType {
  return fsTypes.some((it) => it === text);
}
