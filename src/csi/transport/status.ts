/** The statuses of gRPC, by their numbers on the wire. https://grpc.io/docs/guides/status-codes/ */
export const status = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

type Statuses = typeof status;
/** A status, as a number. */
export type Status = Statuses[keyof Statuses];
/** A status that a failed call has. */
export type FailedStatus = Exclude<Status, Statuses['OK']>;

const names = new Map<number, string>(Object.entries(status).map(([name, code]) => [code, name]));

/** The name of a status, for logs and metrics: `NOT_FOUND`. */
export function statusName(code: number): string {
  return names.get(code) ?? String(code);
}
