import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { RpcError } from '../../csi/transport/codes.ts';
import { describeFailure, isInfeasible, outcomeOf } from './outcome.ts';

const failed = (code: Exclude<status, status.OK>, message = 'no') => new RpcError(code, message);

test.each([status.CANCELLED, status.DEADLINE_EXCEEDED, status.UNAVAILABLE, status.ABORTED] as const)(
  'after status %i the driver may have done its work',
  (code) => {
    expect(outcomeOf(failed(code))).toBe('unknown');
  },
);

test.each([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.RESOURCE_EXHAUSTED,
  status.OUT_OF_RANGE,
  status.INTERNAL,
] as const)('after status %i it has surely not', (code) => {
  expect(outcomeOf(failed(code))).toBe('none');
});

test('a connection that broke in the middle leaves it open', () => {
  expect(outcomeOf(failed(status.INTERNAL, 'Received RST_STREAM with code 2'))).toBe('unknown');
});

test('what failed before it became a call has done nothing', () => {
  expect(outcomeOf(new Error('no secret'))).toBe('none');
  expect(isInfeasible(new Error('no secret'))).toBe(false);
});

test('a person reads the status and the words of the driver', () => {
  expect(describeFailure(failed(status.OUT_OF_RANGE, 'too large'))).toBe(
    'rpc error: code = OUT_OF_RANGE desc = too large',
  );
});
