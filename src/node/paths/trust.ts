import type { BigIntStats } from 'node:fs';

const sticky = 0o1000n;
const groupMayWrite = 0o020n;
const othersMayWrite = 0o002n;

/** Root, and whoever we are: what they put somewhere is no trap. */
function isOurs(uid: bigint): boolean {
  return uid === 0n || uid === BigInt(process.geteuid?.() ?? 0);
}

/**
 * True if only root and we could have put the link where it is, and only they could change it: it is theirs, and so is
 * its directory, in which nobody else may write, or only beside it (the sticky bit, as on /tmp).
 */
export function isTrustedLink(directory: Pick<BigIntStats, 'uid' | 'gid' | 'mode'>, link: Pick<BigIntStats, 'uid'>) {
  if (!isOurs(link.uid) || !isOurs(directory.uid)) return false;
  if ((directory.mode & sticky) !== 0n) return true;
  const group = directory.gid === 0n || directory.gid === BigInt(process.getegid?.() ?? 0);
  return (directory.mode & othersMayWrite) === 0n && ((directory.mode & groupMayWrite) === 0n || group);
}
