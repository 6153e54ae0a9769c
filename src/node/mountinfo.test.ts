import { expect, test } from 'vitest';
import { parseMountInfo, readMounts, unescapeOctal } from './mountinfo.ts';

const text = String.raw`36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
40 36 7:3 / /data/with\040space\134and\011tab ro,nosuid shared:7 - xfs /dev/loop3 ro,attr2
41 36 0:5 /loop4 /srv/block rw - devtmpfs devtmpfs rw
not a line`;

test('a line gives every field, with the optional ones skipped', () => {
  const [first] = parseMountInfo(text);
  expect(first).toEqual({
    id: 36,
    parent: 35,
    device: '98:0',
    root: '/mnt1',
    target: '/mnt2',
    options: ['rw', 'noatime'],
    fsType: 'ext3',
    source: '/dev/root',
    superOptions: ['rw', 'errors=continue'],
    readOnly: false,
  });
});

test('octal escapes are undone, and a read-only mount is seen', () => {
  const [, second, third, ...rest] = parseMountInfo(text);
  expect(second?.target).toBe('/data/with space\\and\ttab');
  expect(second?.readOnly).toBe(true);
  expect(third?.root).toBe('/loop4');
  expect(rest).toEqual([]);
});

test('what looks like an escape after one was undone stays as it is', () => {
  expect(unescapeOctal(String.raw`\134040`)).toBe(String.raw`\040`);
});

test('the root of this process is among its mounts', async () => {
  expect((await readMounts()).some(({ target }) => target === '/')).toBe(true);
});
