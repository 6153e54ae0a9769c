import { expect, test } from 'vitest';
import { chooseLayout } from './choose-layout.ts';

const able = { backend: 'auto', disk: false, noLoop: undefined, reflink: false } as const;
const unable = { ...able, noLoop: 'no root' };

test.each([
  ['root, a file system with reflink', { ...able, reflink: true }, 'reflink'],
  ['root, a file system without', able, 'image'],
  ['root, a disk', { ...able, disk: true }, 'disk'],
  ['root, directories asked for', { ...able, backend: 'directory', reflink: true }, 'directory'],
  ['an ordinary user', unable, 'directory'],
] as const)('%s', (_, findings, layout) => {
  const choice = chooseLayout(findings);
  expect(choice.layout).toBe(layout);
  expect(choice.why).not.toBe('');
});

test.each([
  ['images asked for where they are not possible', { ...unable, backend: 'image' }, 'permission'],
  ['a disk where it can not be used', { ...unable, disk: true }, 'permission'],
  ['a disk for directories', { ...able, backend: 'directory', disk: true }, 'invalid'],
] as const)('%s is refused with the reason', (_, findings, code) => {
  expect(() => chooseLayout(findings)).toThrow(expect.objectContaining({ code }));
});
