import { expect, test } from 'vitest';
import { MoorageError } from '../lib/errors.ts';
import type { Exec } from '../lib/exec.ts';
import { backingOf, isBehind } from './backing.ts';

const one = (fields: string) => `{"loopdevices":[${fields}]}`;

test.each([
  ['an answer', one('{"back-ino":131,"back-maj:min":"  7:12"}'), { inode: '131', filesystem: '7:12' }],
  [
    'older programs print strings',
    one('{"back-ino":"131","back-maj:min":"7:12"}'),
    { inode: '131', filesystem: '7:12' },
  ],
  ['nothing of a file system that is dead', one('{"back-ino":null,"back-maj:min":null}'), undefined],
  ['half of it', one('{"back-ino":131,"back-maj:min":null}'), undefined],
  ['other fields', one('{"name":"/dev/loop1"}'), undefined],
  ['an unknown form', one('{"back-ino":{},"back-maj:min":7}'), undefined],
  ['no device', one(''), undefined],
  ['no list', '{"loopdevices":null}', undefined],
  ['no object', '[]', undefined],
  ['nothing', '', undefined],
  ['a torn text', '{"loopdevices":[{"back-ino', undefined],
])('losetup gives %s', (_, text, backing) => {
  expect(backingOf(text)).toEqual(backing);
});

test('a device that hangs is over no file that can be looked at; a program that is missing is said', async () => {
  const failing = (code: 'timeout' | 'unsupported'): Exec => {
    return () => Promise.reject(new MoorageError(code, 'losetup did not end'));
  };
  expect(await isBehind(failing('timeout'), '/dev/loop0', '/')).toBe(false);
  await expect(isBehind(failing('unsupported'), '/dev/loop0', '/')).rejects.toThrow('apt install mount');
  // Then nobody needs to be asked.
  expect(await isBehind(failing('unsupported'), '/dev/loop0', '/nowhere')).toBe(false);
});
