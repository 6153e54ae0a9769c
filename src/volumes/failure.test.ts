import { expect, test } from 'vitest';
import { failed, failureOf } from './failure.ts';

const ready = (reason: string) => [{ type: 'Ready', status: 'False' as const, reason, message: 'why' }];

test('the code and the message that were written are those that are told', () => {
  const status = { ...failed('already-exists', 'it is another one'), conditions: ready('CreateFailed') };
  expect(failureOf({ status })).toEqual({ code: 'already-exists', message: 'it is another one' });
});

test.each([
  ['PoolFull', 'exhausted'],
  ['VolumeNotFound', 'not-found'],
  ['SnapshotFailed', 'internal'],
])('one that failed before there were codes, for the reason %s, is %s', (reason, code) => {
  expect(failureOf({ status: { conditions: ready(reason) } })).toEqual({ code, message: 'why' });
});

test('one that does not say why is internal', () => {
  expect(failureOf({})).toMatchObject({ code: 'internal', message: expect.stringContaining('see the log') });
});
