import type { ErrorCode } from '../lib/errors.ts';
import type { Failure } from '../model/kinds/moorage.ts';
import type { Condition } from '../model/object.ts';

/** The status of a Volume or Snapshot that has failed for good, and why. */
export function failed(code: ErrorCode, message: string): { readonly phase: 'Failed'; readonly error: Failure } {
  return { phase: 'Failed', error: { code, message } };
}

/** The codes of those that failed before their status had one, by the reason of their Ready condition. */
const codeOfReason: Readonly<Record<string, ErrorCode>> = { PoolFull: 'exhausted', VolumeNotFound: 'not-found' };

/** What made a Volume or Snapshot fail. */
export function failureOf({ status }: { readonly status?: Status | undefined }): Failure {
  if (status?.error) return status.error;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const code = codeOfReason[ready?.reason ?? ''] ?? 'internal';
  return { code, message: ready?.message ?? 'it failed without saying why; see the log' };
}

interface Status {
  readonly error?: Failure | undefined;
  readonly conditions?: readonly Condition[] | undefined;
}
