import { each, fraction, maybe, nothing, number, oneOf, size, yesOrNo } from './forms.ts';
import type { FsType } from './types.ts';

/** What an option of mkfs takes: one value, words with commas between them, or names with values. */
export type Takes =
  | { readonly kind: 'value'; readonly form: RegExp }
  | { readonly kind: 'words'; readonly form: RegExp }
  | { readonly kind: 'pairs'; readonly names: ReadonlyMap<string, RegExp> };

const value = (form: RegExp): Takes => ({ kind: 'value', form });
const words = (form: RegExp): Takes => ({ kind: 'words', form });
const pairs = (...names: readonly [string, RegExp][]): Takes => ({ kind: 'pairs', names: new Map(names) });

/**
 * The features of ext4 that may be had or, with `^`, left out. A journal elsewhere is none, nor is what can only be
 * read afterwards.
 */
const features = [
  '64bit',
  'bigalloc',
  'casefold',
  'dir_index',
  'dir_nlink',
  'ea_inode',
  'encrypt',
  'ext_attr',
  'extents?',
  'extra_isize',
  'fast_commit',
  'filetype',
  'flex_bg',
  'has_journal',
  'huge_file',
  'inline_data',
  'large_dir',
  'large_file',
  'meta_bg',
  'metadata_csum',
  'metadata_csum_seed',
  'mmp',
  'orphan_file',
  'project',
  'quota',
  'resize_inode',
  'sparse_super2?',
  'stable_inodes',
  'uninit_bg',
  'verity',
];

/** mke2fs(8). Left out is what names a file or a device, a label or UUID, or makes less than a whole ext4. */
const ext4: ReadonlyMap<string, Takes> = new Map([
  ['-b', value(oneOf('1024', '2048', '4096', '8192', '16384', '32768', '65536'))],
  ['-C', value(size)],
  ['-e', value(oneOf('continue', 'remount-ro'))],
  [
    '-E',
    pairs(
      ...each(number, 'desc_size', 'mmp_update_interval', 'num_backup_sb', 'stride', 'stripe_width', 'stripe-width'),
      ...each(size, 'orphan_file_size', 'resize'),
      ...each(yesOrNo, 'lazy_itable_init', 'packed_meta_blocks'),
      ['lazy_journal_init', /^0$/],
      ['nodiscard', nothing],
      ['no_copy_xattrs', nothing],
      ['encoding', /^utf8(-\d{1,2}\.\d{1,2})?$/],
      ['encoding_flags', oneOf('strict', 'no_strict')],
      ['hash_alg', oneOf('half_md4', 'tea', 'legacy')],
      ['quotatype', /^(usr|grp|prj)quota(:(usr|grp|prj)quota){0,2}$/],
      ['root_owner', /^(\d{1,10}:\d{1,10})?$/],
      ['root_perms', /^[0-7]{1,4}$/],
    ),
  ],
  ['-g', value(number)],
  ['-G', value(number)],
  ['-i', value(size)],
  ['-I', value(number)],
  ['-J', pairs(['size', number], ['fast_commit_size', number])],
  ['-m', value(fraction)],
  ['-N', value(number)],
  ['-O', words(new RegExp(`^\\^?(${features.join('|')})$`))],
  ['-T', words(oneOf('small', 'floppy', 'big', 'huge', 'news', 'largefile', 'largefile4', 'default'))],
]);

/** mkfs.xfs(8). Left out is what names a file or a device, a label or UUID, or makes it smaller than its device. */
const xfs: ReadonlyMap<string, Takes> = new Map([
  ['-b', pairs(['size', size], ['log', number])],
  [
    '-d',
    pairs(
      ...each(size, 'agsize', 'su', 'sunit', 'sw', 'swidth', 'extszinherit', 'cowextsize', 'sectsize'),
      ...each(number, 'agcount', 'concurrency', 'sectlog', 'projinherit'),
      ['noalign', nothing],
    ),
  ],
  [
    '-i',
    pairs(
      ...each(size, 'size'),
      ...each(number, 'attr', 'log', 'maxpct', 'perblock'),
      ...each(maybe, 'align', 'exchange', 'nrext64', 'projid32bit', 'sparse'),
    ),
  ],
  [
    '-l',
    pairs(
      ...each(size, 'size', 'su', 'sunit', 'sectsize'),
      ...each(number, 'agnum', 'concurrency', 'sectlog', 'version'),
      ['internal', /^1?$/],
      ['lazy-count', maybe],
    ),
  ],
  ['-m', pairs(...each(maybe, 'autofsck', 'bigtime', 'crc', 'finobt', 'inobtcount', 'reflink', 'rmapbt'))],
  ['-n', pairs(['size', size], ['log', number], ['version', oneOf('2', 'ci')], ...each(maybe, 'ftype', 'parent'))],
  ['-s', pairs(['size', size], ['log', number], ['sectsize', size], ['sectlog', number])],
  ['-K', value(nothing)],
]);

/** The options of mkfs that a user may give, by file system. */
export const mkfsTable: Readonly<Record<FsType, ReadonlyMap<string, Takes>>> = { ext4, xfs };
