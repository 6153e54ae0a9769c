import { RpcError } from '../../csi/transport/codes.ts';
import { type Status, status, statusName } from '../../csi/transport/status.ts';
import { isCode, messageOf } from '../../lib/errors.ts';

/** The gRPC status of a failed CSI call, or undefined if the error is not one. */
export function grpcCodeOf(error: unknown): Status | undefined {
  return error instanceof RpcError ? error.status : undefined;
}

/**
 * Whether a failed call has surely done nothing (`none`), or may have done its work or still be at it (`unknown`):
 * it ran out of time, was cut off, or met another call for the same thing. The rule is that of the official callers;
 * a connection that broke in the middle, which gRPC may report as INTERNAL or UNKNOWN, is added to it.
 */
export function outcomeOf(error: unknown): 'none' | 'unknown' {
  if (!(error instanceof RpcError)) return 'none';
  switch (error.status) {
    case status.CANCELLED:
    case status.DEADLINE_EXCEEDED:
    case status.UNAVAILABLE:
    case status.ABORTED:
      return 'unknown';
    case status.INTERNAL:
    case status.UNKNOWN:
      return /RST_STREAM|stream (closed|terminated|removed)|connection (dropped|closed|reset)|without saying why/i.test(
        error.message,
      )
        ? 'unknown'
        : 'none';
    default:
      return 'none';
  }
}

/** True for answers that asking again soon won't change: what was asked is wrong, or can't be done as things are. */
export function isInfeasible(error: unknown): boolean {
  return error instanceof RpcError && infeasible.has(error.status);
}

const infeasible: ReadonlySet<Status> = new Set([
  status.INVALID_ARGUMENT,
  status.OUT_OF_RANGE,
  status.NOT_FOUND,
  status.UNIMPLEMENTED,
  status.FAILED_PRECONDITION,
]);

/** True if the driver had no room where it was asked to make something. */
export function isExhausted(error: unknown): boolean {
  return error instanceof RpcError && error.status === status.RESOURCE_EXHAUSTED;
}

/** True for a failure that is certain: nothing was made, and trying again at once would come to the same. */
export function isFinal(error: unknown): boolean {
  if (error instanceof RpcError) return outcomeOf(error) === 'none';
  return isCode(error, 'invalid', 'unsupported');
}

/** What a person reads of a failed call: the gRPC status and the driver's words. */
export function describeFailure(error: unknown): string {
  if (!(error instanceof RpcError)) return messageOf(error);
  return `rpc error: code = ${statusName(error.status)} desc = ${error.message}`;
}
