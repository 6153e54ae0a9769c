import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMountOptions } from './mount.ts';
import { type MountKind, mountTable } from './mount-table.ts';

describe('options of a mount that are on the list', () => {
  test.for<[MountKind | undefined, string[], string[]]>([
    ['ext4', [], []],
    ['ext4', ['noatime', 'nodiratime'], ['noatime', 'nodiratime']],
    ['ext4', ['noatime,data=writeback', 'commit=30'], ['noatime', 'data=writeback', 'commit=30']],
    ['ext4', ['errors=remount-ro', 'barrier', 'barrier=0'], ['errors=remount-ro', 'barrier', 'barrier=0']],
    ['xfs', ['nouuid', 'logbsize=256k', 'allocsize=64m'], ['nouuid', 'logbsize=256k', 'allocsize=64m']],
    ['xfs', ['defaults', 'discard'], ['defaults', 'discard']],
    ['bind', ['noatime', 'nosuid', 'ro'], ['noatime', 'nosuid', 'ro']],
    [undefined, ['nouuid', 'data=ordered'], ['nouuid', 'data=ordered']],
  ])('%s: %o', ([kind, given, expected]) => {
    expect(parseMountOptions(kind, given)).toEqual(expected);
  });
});

describe('what names a file or a device, or makes another mount of it', () => {
  const everywhere = [
    'loop',
    'loop=/dev/loop0',
    'bind',
    'rbind',
    'move',
    'remount',
    'remount,bind',
    'shared',
    'rshared',
    'helper=x',
    'uhelper=x',
    'X-mount.mkdir',
    'X-mount.subdir=etc',
    'X-mount.owner=1000',
    'x-systemd.automount',
    'comment=x',
    'user',
    'users',
    'owner',
    'offset=4096',
    'sizelimit=1',
    'encryption=x',
    'verity.hashdevice=/dev/sda',
    'context=system_u:object_r:x:s0',
    'fscontext=x',
    'defcontext=x',
    'rootcontext=x',
    'usrjquota=aquota.user',
    'grpjquota=aquota.group',
    'jqfmt=vfsv0',
    'journal_dev=0x801',
    'journal_path=/dev/sda',
    'logdev=/dev/sda',
    'rtdev=/dev/sda',
    'errors=panic',
    'noload',
    'norecovery',
    'sb=131072',
    'dax',
    '-o',
    '--bind',
    ' noatime',
    'noatime nodiratime',
    'noatime\n',
    'noatime=',
    'noatime=1',
    'lowerdir=/etc',
    'constructor',
    '__proto__',
    'hasOwnProperty=1',
    '/etc',
  ];
  const ofOthers: [MountKind | undefined, string][] = [
    ['ext4', 'nouuid'],
    ['xfs', 'data=journal'],
    ['bind', 'suid'],
    ['bind', 'dev'],
    ['bind', 'exec'],
    ['bind', 'data=journal'],
  ];
  const kinds = ['ext4', 'xfs', 'bind', undefined] as const;
  test.for([...everywhere.flatMap((word) => kinds.map((kind) => [kind, word] as const)), ...ofOthers])(
    '%s: %s is refused',
    ([kind, word]) => {
      const parse = () => parseMountOptions(kind, ['noatime', word]);
      expect(parse).toThrow(expect.objectContaining({ code: 'invalid' }));
    },
  );

  test('the refusal says what is allowed, and there is a limit', () => {
    expect(() => parseMountOptions('bind', ['loop'])).toThrow(
      'mount option "loop" is not allowed for a directory that is mounted in a second place; allowed are atime, default',
    );
    expect(() => parseMountOptions('ext4', ['noatime,'.repeat(500)])).toThrow(/2000 characters/);
  });
});

test('whatever is given, no option has a path, a space or a dash at its beginning', () => {
  const names = [...mountTable.ext4.keys(), ...mountTable.xfs.keys(), 'loop', 'bind', 'logdev'];
  const piece = fc.oneof(
    fc.constantFrom(...names, '/dev/sda', '-o', '=', ',', '1', '64k', ' ', '\n', '\0'),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  const word = fc.array(piece, { minLength: 1, maxLength: 4 }).map((it) => it.join(''));
  fc.assert(
    fc.property(
      fc.constantFrom<(MountKind | undefined)[]>('ext4', 'xfs', 'bind', undefined),
      fc.array(word, { maxLength: 5 }),
      (kind, given) => {
        let options: readonly string[];
        try {
          options = parseMountOptions(kind, given);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid' });
          return;
        }
        for (const option of options) {
          expect(option).toMatch(/^[a-z0-9][a-z0-9_]*(=[A-Za-z0-9-]+)?$/);
          expect(names.slice(0, -3)).toContain(option.split('=')[0]);
        }
      },
    ),
    { numRuns: 200 },
  );
});
