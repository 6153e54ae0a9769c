import { expect, test } from 'vitest';
import { isTrustedLink } from './trust.ts';

const me = BigInt(process.geteuid?.() ?? 0);
const other = 54_321n;

test.for([
  ["root's link in root's directory", 0n, 0n, 0o755n, 0n, true],
  ["our link in root's directory", 0n, 0n, 0o755n, me, true],
  ['our link in our own directory', me, other, 0o755n, me, true],
  ["root's link in /tmp", 0n, 0n, 0o1777n, 0n, true],
  ["root's link where root's group may write", 0n, 0n, 0o775n, 0n, true],
  ["root's link where another group may write", 0n, other, 0o775n, 0n, false],
  ["root's link where everybody may write", 0n, 0n, 0o777n, 0n, false],
  ["another one's link in /tmp", 0n, 0n, 0o1777n, other, false],
  ["another one's link in root's directory", 0n, 0n, 0o755n, other, false],
  ["root's link in another one's directory", other, other, 0o755n, 0n, false],
  ["root's link in another one's sticky directory", other, other, 0o1777n, 0n, false],
] as const)('%s', ([_, uid, gid, mode, link, expected]) => {
  expect(isTrustedLink({ uid, gid, mode: mode | 0o040000n }, { uid: link })).toBe(expected);
});
