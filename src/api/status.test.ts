import { expect, test } from 'vitest';
import { codeOf, type ErrorCode, exitCodes, MoorageError } from '../lib/errors.ts';
import { errorOf, failure, refuse, StatusError, statusOf } from './status.ts';

const about = { group: 'moorage.dev', plural: 'pools', kind: 'Pool', name: 'main' };

test('every code comes out of the wire as it went in', () => {
  for (const code of Object.keys(exitCodes) as ErrorCode[]) {
    const status = statusOf(new MoorageError(code, 'it went wrong'), about);
    expect(status.code).toBeGreaterThanOrEqual(400);
    const back = errorOf(status.code ?? 0, JSON.parse(JSON.stringify(status)), 'doing');
    expect(codeOf(back), code).toBe(code);
    expect(back.message).toContain('it went wrong');
  }
});

test.each([
  [400, 'BadRequest', 'invalid'],
  [401, 'Unauthorized', 'permission'],
  [403, 'Forbidden', 'permission'],
  [404, 'NotFound', 'not-found'],
  [409, 'AlreadyExists', 'already-exists'],
  [409, 'Conflict', 'conflict'],
  [410, 'Expired', 'not-ready'],
  [410, 'Gone', 'not-ready'],
  [413, 'RequestEntityTooLarge', 'invalid'],
  [415, 'UnsupportedMediaType', 'unsupported'],
  [422, 'Invalid', 'invalid'],
  [429, 'TooManyRequests', 'busy'],
  [500, 'ServerTimeout', 'timeout'],
  [500, 'SomethingNew', 'internal'],
  [504, 'Timeout', 'timeout'],
])('%i %s of a real Kubernetes is %s', (http, reason, code) => {
  expect(codeOf(errorOf(http, failure(http, reason, 'x'), 'doing'))).toBe(code);
});

test('an answer that is no Status is told with what was being done', () => {
  expect(errorOf(502, 'bad gateway', 'GET https://x/y')).toMatchObject({
    code: 'not-ready',
    message: 'GET https://x/y: bad gateway',
  });
  expect(errorOf(500, undefined, 'GET https://x/y').message).toBe('GET https://x/y: HTTP status 500');
});

test('details name the object, and for an invalid one its kind and each field', () => {
  expect(statusOf(new MoorageError('not-found', 'x'), about).details).toEqual({
    name: 'main',
    group: 'moorage.dev',
    kind: 'pools',
  });
  const causes = [{ field: 'spec.size', reason: 'FieldValueInvalid', message: 'no' }];
  const invalid = Object.assign(new MoorageError('invalid', 'x'), { causes });
  expect(statusOf(invalid, about)).toMatchObject({ code: 422, reason: 'Invalid', details: { kind: 'Pool', causes } });
  expect(statusOf(new MoorageError('invalid', 'x'), about)).toMatchObject({ code: 400, reason: 'BadRequest' });
});

test('a thrown Status stays what it is, and an unknown error does not show its stack', () => {
  expect(() => refuse(418, 'Teapot', 'no coffee')).toThrow(StatusError);
  const status = failure(418, 'Teapot', 'no coffee');
  expect(statusOf(new StatusError(status), about)).toBe(status);
  const { message, code } = statusOf(new TypeError('x is not a function'), about);
  expect({ message, code }).toEqual({ message: 'Internal error occurred: x is not a function', code: 500 });
});
