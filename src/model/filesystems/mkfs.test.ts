import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mkfsArguments, parseMkfsOptions } from './mkfs.ts';
import { mkfsTable } from './mkfs-table.ts';
import { type FsType, fsTypes } from './types.ts';

describe('options for mkfs that are on the list', () => {
  test.for<[FsType, string, string[][]]>([
    ['ext4', '', []],
    [
      'ext4',
      '-b 4096 -i 16384 -I 256',
      [
        ['-b', '4096'],
        ['-i', '16384'],
        ['-I', '256'],
      ],
    ],
    [
      'ext4',
      '-b4096 -m5',
      [
        ['-b', '4096'],
        ['-m', '5'],
      ],
    ],
    ['ext4', '-m 0.5', [['-m', '0.5']]],
    ['ext4', '-O ^64bit,casefold -O project', [['-O', '^64bit,casefold,project']]],
    ['ext4', '-E stride=16,stripe-width=32,nodiscard', [['-E', 'stride=16,stripe-width=32,nodiscard']]],
    ['ext4', '-J size=64', [['-J', 'size=64']]],
    [
      'ext4',
      '-T largefile,huge -N 10000',
      [
        ['-T', 'largefile,huge'],
        ['-N', '10000'],
      ],
    ],
    [
      'xfs',
      '-b size=4096 -m crc=1,reflink=1 -m bigtime=1',
      [
        ['-b', 'size=4096'],
        ['-m', 'crc=1,reflink=1,bigtime=1'],
      ],
    ],
    [
      'xfs',
      '-d su=64k,sw=4,noalign -l size=64m -K',
      [
        ['-d', 'su=64k,sw=4,noalign'],
        ['-l', 'size=64m'],
        ['-K', ''],
      ],
    ],
    [
      'xfs',
      '-i size=512,maxpct=25 -n ftype=1 -s size=4096',
      [
        ['-i', 'size=512,maxpct=25'],
        ['-n', 'ftype=1'],
        ['-s', 'size=4096'],
      ],
    ],
  ])('%s: %s', ([fsType, text, expected]) => {
    expect(parseMkfsOptions(fsType, [text])).toEqual(expected);
    expect(parseMkfsOptions(fsType, text.split(' '))).toEqual(expected);
  });
});

describe('what names a file or a device, or is no option', () => {
  test.for<[FsType, string]>([
    ['ext4', '-F /some/image -L'],
    ['ext4', '-F'],
    ['ext4', '-d /etc'],
    ['ext4', '-d/etc'],
    ['ext4', '-l /some/file'],
    ['ext4', '-z /some/file'],
    ['ext4', '-J device=/dev/sda'],
    ['ext4', '-J size=4,device=/dev/sda'],
    ['ext4', '-O journal_dev'],
    ['ext4', '-O'],
    ['ext4', '-t ext2'],
    ['ext4', '-n'],
    ['ext4', '-S'],
    ['ext4', '-U clear'],
    ['ext4', '-L cloudimg-rootfs'],
    ['ext4', '-M /etc'],
    ['ext4', '-E offset=4096'],
    ['ext4', '-E discard'],
    ['ext4', '-E constructor'],
    ['ext4', '-E __proto__=1'],
    ['ext4', '-E stride=/etc'],
    ['ext4', '-e panic'],
    ['ext4', '-b'],
    ['ext4', '-b -F'],
    ['ext4', '-b 4096 /dev/sda'],
    ['ext4', '-b 4096 -b 1024'],
    ['ext4', '-qF'],
    ['ext4', '-- /dev/sda'],
    ['ext4', '/dev/sda'],
    ['ext4', '4096'],
    ['ext4', '-m crc=1'],
    ['xfs', '-d name=/dev/sda'],
    ['xfs', '-d file=1,name=/x,size=1g'],
    ['xfs', '-d su=64k,file=1'],
    ['xfs', '-d size=300m'],
    ['xfs', '-l logdev=/dev/sda'],
    ['xfs', '-l internal=0,logdev=/dev/sda'],
    ['xfs', '-l internal=0'],
    ['xfs', '-r rtdev=/dev/sda'],
    ['xfs', '-p /etc/passwd'],
    ['xfs', '-c options=/etc/passwd'],
    ['xfs', '-m uuid=00000000-0000-0000-0000-000000000000'],
    ['xfs', '-L root'],
    ['xfs', '-f'],
    ['xfs', '-N'],
    ['xfs', '-K -f'],
    ['xfs', '-Kf'],
  ])('%s: %s is refused', ([fsType, text]) => {
    const parse = () => parseMkfsOptions(fsType, text.split(' '));
    expect(parse).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(parse).toThrow(/mkfs option/);
  });

  test('the refusal says what is allowed', () => {
    expect(() => parseMkfsOptions('ext4', ['-d', '/etc'])).toThrow(
      'mkfs option "-d" is not allowed for ext4; allowed are -b, -C, -e, -E, -g, -G, -i, -I, -J, -m, -N, -O, -T',
    );
    expect(() => parseMkfsOptions('xfs', ['-l', 'logdev=/dev/sda'])).toThrow(/it takes size, su, sunit/);
  });

  test('there is a limit to their number and length', () => {
    expect(() =>
      parseMkfsOptions(
        'ext4',
        Array.from({ length: 65 }, () => '-m'),
      ),
    ).toThrow(/at most 64 words/);
    expect(() => parseMkfsOptions('ext4', ['-O', 'quota,'.repeat(400)])).toThrow(/2000 characters/);
  });
});

test("the user's options go before ours, and what ours say beside is kept", () => {
  const ours = [
    ['-m', '0'],
    ['-E', 'nodiscard,lazy_itable_init=1'],
  ] as const;
  expect(mkfsArguments('ext4', ours, [])).toEqual(['-m', '0', '-E', 'nodiscard,lazy_itable_init=1']);
  expect(mkfsArguments('ext4', ours, ['-m', '5', '-E', 'stride=4,lazy_itable_init=0'])).toEqual([
    '-m',
    '5',
    '-E',
    'nodiscard,stride=4,lazy_itable_init=0',
  ]);
  expect(
    mkfsArguments(
      'xfs',
      [
        ['-K', ''],
        ['-m', 'reflink=1'],
      ],
      ['-K', '-m', 'crc=1'],
    ),
  ).toEqual(['-K', '-m', 'reflink=1,crc=1']);
});

/** Words as somebody would try them: pieces of options, paths and rubbish, put together at will. */
function words(fsType: FsType): fc.Arbitrary<string[]> {
  const flags = [...mkfsTable[fsType].keys()];
  const names = [...mkfsTable[fsType].values()].flatMap((it) => (it.kind === 'pairs' ? [...it.names.keys()] : []));
  const pieces = [
    '/dev/sda',
    '-F',
    '-d',
    '--',
    '-',
    '=',
    ',',
    '1',
    '4096',
    '64k',
    ' ',
    '\n',
    '\0',
    'file',
    'name',
    '..',
  ];
  const piece = fc.oneof(fc.constantFrom(...flags, ...names, ...pieces), fc.string({ unit: 'binary', maxLength: 8 }));
  return fc.array(
    fc.array(piece, { minLength: 1, maxLength: 4 }).map((it) => it.join('')),
    { maxLength: 6 },
  );
}

test.for(fsTypes)(
  'whatever is given for %s, only options of the list become arguments, and no value is a path',
  (fsType) => {
    fc.assert(
      fc.property(words(fsType), (given) => {
        let argv: string[];
        try {
          argv = mkfsArguments(fsType, [], given);
        } catch (error) {
          expect(error).toMatchObject({ code: 'invalid' });
          return;
        }
        for (let at = 0; at < argv.length; at++) {
          const takes = mkfsTable[fsType].get(argv[at] ?? '');
          expect(takes).toBeDefined();
          if (takes?.kind === 'value' && takes.form.test('')) continue;
          expect(argv[++at]).toMatch(/^[A-Za-z0-9^][A-Za-z0-9^_=.,:-]*$/);
        }
      }),
      { numRuns: 200 },
    );
  },
);
