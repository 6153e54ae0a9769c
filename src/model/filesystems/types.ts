/** The file systems that are made. */
export const fsTypes = ['ext4', 'xfs'] as const;

/** A file system that is made on a device, checked and grown. */
export type FsType = (typeof fsTypes)[number];

/** The file system that is made where nobody names one. */
export const defaultFsType: FsType = 'ext4';

/** True for the name of a file system that is made. */
export function isFsType(text: string): text is FsType {
  return fsTypes.some((it) => it === text);
}
