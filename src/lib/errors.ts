/**
 * What can go wrong, as one closed set. Every error that crosses a border (gRPC, HTTP, a condition, an exit code)
 * carries one of these codes; the tables to each wire live beside that wire.
 */
export const errorCodes = [
  'not-found',
  'already-exists',
  'conflict',
  'invalid',
  'exhausted',
  'not-ready',
  'in-use',
  'busy',
  'unsupported',
  'permission',
  'timeout',
  'corrupted',
  'internal',
] as const;

/** One of them. */
export type ErrorCode = (typeof errorCodes)[number];

/**
 * An error that a person is meant to read. The message says what was being done to what, what is wrong, and what the
 * reader can do next.
 */
export class MoorageError extends Error {
  override readonly name = 'MoorageError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Throws a MoorageError; an expression, so that it can stand behind `??`. */
export function fail(code: ErrorCode, message: string, cause?: unknown): never {
  throw new MoorageError(code, message, cause === undefined ? undefined : { cause });
}

/** Stands where every case has been dealt with: a new one does not compile until it is. */
export function unreachable(value: never): never {
  return fail('internal', `there is no way to deal with ${JSON.stringify(value)}`);
}

/** The code of any thrown value; what is not ours is `internal`. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof MoorageError ? error.code : 'internal';
}

/** The message of any thrown value, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** True if the error is a MoorageError of one of the codes. */
export function isCode(error: unknown, ...codes: ErrorCode[]): error is MoorageError {
  return error instanceof MoorageError && codes.includes(error.code);
}

/** The process exit code of each error code; 0 is success, 1 what has no code, 2 a usage error. */
export const exitCodes: Readonly<Record<ErrorCode, number>> = {
  internal: 1,
  invalid: 2,
  'not-found': 3,
  'already-exists': 4,
  conflict: 5,
  exhausted: 6,
  'not-ready': 7,
  'in-use': 8,
  busy: 9,
  unsupported: 10,
  permission: 11,
  timeout: 12,
  corrupted: 13,
};
