import { type ErrorCode, isCode, MoorageError, messageOf } from '../../lib/errors.ts';

/** What went wrong on the way to the server and back, in words for people. */
export function explainFailure(doing: string, whenAway: string, error: unknown): MoorageError {
  const code = systemCodeOf(error);
  const make = (kind: ErrorCode, text: string) => new MoorageError(kind, text, { cause: error });
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return make('not-ready', whenAway);
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code)) {
    return make(
      'permission',
      `${doing}: the server's certificate is not one that the kubeconfig trusts (${messageOf(error)}); is the kubeconfig of this server?`,
    );
  }
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return make('timeout', `${doing}: no answer in time`);
  return make('not-ready', `${doing}: the connection failed: ${messageOf(error)}`);
}

/** True for failures that an idempotent request may simply be sent again after. */
export function isConnectionFailure(error: unknown): boolean {
  return isCode(error, 'not-ready') && error.cause !== undefined && systemCodeOf(error.cause) !== 'ECONNREFUSED';
}

function systemCodeOf(error: unknown): string {
  if (error instanceof AggregateError) return systemCodeOf(error.errors[0]);
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error && error.cause !== undefined ? systemCodeOf(error.cause) : '';
}
