/** The gRPC codes that the callers of CSI tell apart. https://grpc.io/docs/guides/status-codes/ */
export const code = {
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  failedPrecondition: 9,
  aborted: 10,
  outOfRange: 11,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  dataLoss: 15,
  unauthenticated: 16,
} as const;

const names: Readonly<Record<number, string>> = {
  0: 'OK',
  ...Object.fromEntries(
    Object.entries(code).map(([name, number]) => [number, name.replaceAll(/[A-Z]/g, '_$&').toUpperCase()]),
  ),
};

/** `DEADLINE_EXCEEDED` of 4. */
export function codeName(number: number): string {
  return names[number] ?? String(number);
}

/** The gRPC code of an error that a CSI call threw, or undefined if it never became a call. */
export function grpcCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'number') return error.code;
  return 'cause' in error ? grpcCodeOf(error.cause) : undefined;
}

/**
 * Whether a failed call has surely done nothing (`none`), or may have done its work or still be at it (`unknown`):
 * it ran out of time, was cut off, or met another call for the same thing. The rule is that of the official callers;
 * a connection that broke in the middle, which gRPC reports as INTERNAL with a reset stream, is added to it.
 */
export function outcomeOf(error: unknown): 'none' | 'unknown' {
  switch (grpcCodeOf(error)) {
    case code.cancelled:
    case code.deadlineExceeded:
    case code.unavailable:
    case code.aborted:
      return 'unknown';
    case code.internal:
    case code.unknown:
      return /RST_STREAM|stream (closed|terminated|removed)|socket|connection/i.test(String(error)) ? 'unknown' : 'none';
    default:
      return 'none';
  }
}

/** True for errors that trying again soon won't mend: what was asked is wrong, or can't be done as things are. */
export function isInfeasible(error: unknown): boolean {
  const infeasible: readonly (number | undefined)[] = [
    code.invalidArgument,
    code.outOfRange,
    code.notFound,
    code.unimplemented,
    code.failedPrecondition,
  ];
  return infeasible.includes(grpcCodeOf(error));
}

/** What a person reads of a failed call: the code and the driver's words. */
export function describeFailure(error: unknown): string {
  const number = grpcCodeOf(error);
  const details =
    typeof error === 'object' && error !== null && 'details' in error && typeof error.details === 'string'
      ? error.details
      : error instanceof Error
        ? error.message
        : String(error);
  return number === undefined ? details : `rpc error: code = ${codeName(number)} desc = ${details}`;
}
