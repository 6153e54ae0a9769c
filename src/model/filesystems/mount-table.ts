import { each, nothing, number, oneOf, size, yesOrNo } from './forms.ts';
import type { FsType } from './types.ts';

type Table = ReadonlyMap<string, RegExp>;

/** What a mount may be told that can only take something away, or says how times are kept. mount(8). */
const harmless = each(
  nothing,
  'defaults',
  'ro',
  'rw',
  'nodev',
  'noexec',
  'nosuid',
  'nosymfollow',
  'atime',
  'noatime',
  'diratime',
  'nodiratime',
  'relatime',
  'norelatime',
  'strictatime',
  'nostrictatime',
);

/** What every file system of a device may be told beside. */
const ofDevices = each(
  nothing,
  'async',
  'sync',
  'dirsync',
  'lazytime',
  'nolazytime',
  'iversion',
  'noiversion',
  'mand',
  'nomand',
  'silent',
  'loud',
  'dev',
  'exec',
  'suid',
  'discard',
  'nodiscard',
);

/**
 * ext4(5). Left out is what names a file or a device, ends the machine (`errors=panic`), or mounts without looking at
 * the journal.
 */
const ext4: Table = new Map([
  ...harmless,
  ...ofDevices,
  ...each(
    nothing,
    'acl',
    'noacl',
    'user_xattr',
    'nouser_xattr',
    'bsddf',
    'minixdf',
    'bsdgroups',
    'sysvgroups',
    'grpid',
    'nogrpid',
    'delalloc',
    'nodelalloc',
    'dioread_lock',
    'dioread_nolock',
    'nodioread_nolock',
    'block_validity',
    'noblock_validity',
    'journal_checksum',
    'nojournal_checksum',
    'nobarrier',
    'noinit_itable',
    'i_version',
    'nouid32',
    'quota',
    'noquota',
    'usrquota',
    'grpquota',
    'prjquota',
  ),
  ['barrier', /^[01]?$/],
  ['auto_da_alloc', /^[01]?$/],
  ['noauto_da_alloc', nothing],
  ['init_itable', /^\d{0,9}$/],
  ['data', oneOf('journal', 'ordered', 'writeback')],
  ['data_err', oneOf('ignore', 'abort')],
  ['errors', oneOf('continue', 'remount-ro')],
  ['journal_ioprio', /^[0-7]$/],
  ...each(number, 'commit', 'stripe', 'inode_readahead_blks', 'max_batch_time', 'min_batch_time', 'max_dir_size_kb'),
  ...each(number, 'resuid', 'resgid', 'mb_optimize_scan'),
]);

/** xfs(5). Left out is what names a device, or mounts without looking at the log. */
const xfs: Table = new Map([
  ...harmless,
  ...ofDevices,
  ...each(
    nothing,
    'attr2',
    'noattr2',
    'barrier',
    'nobarrier',
    'bsdgroups',
    'sysvgroups',
    'grpid',
    'nogrpid',
    'filestreams',
    'ikeep',
    'noikeep',
    'inode32',
    'inode64',
    'largeio',
    'nolargeio',
    'noalign',
    'nouuid',
    'swalloc',
    'wsync',
    'noquota',
    'quota',
    'usrquota',
    'uquota',
    'uqnoenforce',
    'qnoenforce',
    'grpquota',
    'gquota',
    'gqnoenforce',
    'prjquota',
    'pquota',
    'pqnoenforce',
  ),
  ['allocsize', size],
  ['logbsize', size],
  ['lifetime', yesOrNo],
  ...each(number, 'logbufs', 'sunit', 'swidth'),
]);

/** A directory of another file system made visible: nothing that its own mount forbids may come back. */
const bind: Table = new Map(harmless);

/** What is mounted: a file system of a device, or a directory in a second place. */
export type MountKind = FsType | 'bind';

/** The options of a mount that a user may give. */
export const mountTable: Readonly<Record<MountKind, Table>> = { ext4, xfs, bind };
