import { type ErrorCode, MoorageError, messageOf } from '../../lib/errors.ts';
import { type FailedStatus, status } from './status.ts';

/** The gRPC status of each error code, as CSI 1.12 uses the statuses. */
export const statusOfCode: Readonly<Record<ErrorCode, FailedStatus>> = {
  'not-found': status.NOT_FOUND,
  'already-exists': status.ALREADY_EXISTS,
  conflict: status.ABORTED,
  invalid: status.INVALID_ARGUMENT,
  exhausted: status.RESOURCE_EXHAUSTED,
  'not-ready': status.UNAVAILABLE,
  'in-use': status.FAILED_PRECONDITION,
  busy: status.ABORTED,
  unsupported: status.UNIMPLEMENTED,
  permission: status.PERMISSION_DENIED,
  timeout: status.DEADLINE_EXCEEDED,
  corrupted: status.DATA_LOSS,
  internal: status.INTERNAL,
};

/** The error code of each gRPC status that a driver may answer with. */
export const codeOfStatus: Readonly<Record<FailedStatus, ErrorCode>> = {
  [status.CANCELLED]: 'timeout',
  [status.UNKNOWN]: 'internal',
  [status.INVALID_ARGUMENT]: 'invalid',
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.NOT_FOUND]: 'not-found',
  [status.ALREADY_EXISTS]: 'already-exists',
  [status.PERMISSION_DENIED]: 'permission',
  [status.RESOURCE_EXHAUSTED]: 'exhausted',
  [status.FAILED_PRECONDITION]: 'in-use',
  [status.ABORTED]: 'busy',
  [status.OUT_OF_RANGE]: 'invalid',
  [status.UNIMPLEMENTED]: 'unsupported',
  [status.INTERNAL]: 'internal',
  [status.UNAVAILABLE]: 'not-ready',
  [status.DATA_LOSS]: 'corrupted',
  [status.UNAUTHENTICATED]: 'permission',
};

/**
 * An error with the exact gRPC status that it travels under. A service throws it where the table of codes is too
 * coarse (OUT_OF_RANGE for a size); a client throws it for every call that failed, with gRPC's own error as cause.
 */
export class RpcError extends MoorageError {
  readonly status: FailedStatus;

  constructor(code: FailedStatus, message: string, options?: { cause?: unknown }) {
    super(codeOfStatus[code], message, options);
    this.status = code;
  }
}

/** Go's gRPC clients refuse more than 16 KiB of headers, and percent-encoding can treble a message. */
const longestMessage = 4_000;

/** What of an error goes over the wire: a status and one message, never a stack trace. */
export function wireError(error: unknown): { readonly code: FailedStatus; readonly details: string } {
  const message = messageOf(error);
  const details = message.length > longestMessage ? `${message.slice(0, longestMessage)} …` : message;
  if (error instanceof RpcError) return { code: error.status, details };
  return { code: error instanceof MoorageError ? statusOfCode[error.code] : status.INTERNAL, details };
}
