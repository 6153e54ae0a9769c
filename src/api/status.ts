import { codeOf, type ErrorCode, MoorageError, messageOf } from '../lib/errors.ts';
import { own } from '../lib/own.ts';
import type { FieldError } from '../model/kind.ts';

/** One cause of a failure: for an invalid object, one field. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** What a failure is about. `kind` is the resource's plural, or for an invalid object its kind. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** How the Kubernetes API answers what has no object to answer with: above all, every failure. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** The one table between our error codes and HTTP, read both ways. */
const answers: Readonly<Record<ErrorCode, { readonly http: number; readonly reason: string }>> = {
  'not-found': { http: 404, reason: 'NotFound' },
  'already-exists': { http: 409, reason: 'AlreadyExists' },
  conflict: { http: 409, reason: 'Conflict' },
  invalid: { http: 422, reason: 'Invalid' },
  exhausted: { http: 507, reason: 'InsufficientStorage' },
  'not-ready': { http: 503, reason: 'ServiceUnavailable' },
  'in-use': { http: 409, reason: 'InUse' },
  busy: { http: 429, reason: 'TooManyRequests' },
  unsupported: { http: 405, reason: 'MethodNotAllowed' },
  permission: { http: 403, reason: 'Forbidden' },
  timeout: { http: 504, reason: 'Timeout' },
  corrupted: { http: 500, reason: 'Corrupted' },
  internal: { http: 500, reason: 'InternalError' },
};

/** What other reasons and HTTP statuses mean to us. */
const byReason: Readonly<Record<string, ErrorCode>> = {
  ...Object.fromEntries(Object.entries(answers).map(([code, { reason }]) => [reason, code as ErrorCode])),
  Unauthorized: 'permission',
  BadRequest: 'invalid',
  Expired: 'not-ready',
  Gone: 'not-ready',
  ServerTimeout: 'timeout',
  NotAcceptable: 'unsupported',
  UnsupportedMediaType: 'unsupported',
  RequestEntityTooLarge: 'invalid',
};
const byHttp: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid',
  401: 'permission',
  403: 'permission',
  404: 'not-found',
  405: 'unsupported',
  406: 'unsupported',
  409: 'conflict',
  410: 'not-ready',
  413: 'invalid',
  415: 'unsupported',
  422: 'invalid',
  429: 'busy',
  501: 'unsupported',
  502: 'not-ready',
  503: 'not-ready',
  504: 'timeout',
  507: 'exhausted',
};

/** An error that carries the whole answer of the Kubernetes API, on the side that gives it and on the one that gets it. */
export class StatusError extends MoorageError {
  readonly status: Status;

  constructor(status: Status) {
    super(codeOfStatus(status), status.message ?? status.reason ?? `HTTP ${status.code}`);
    this.status = status;
  }
}

/** A failure as the Kubernetes API writes it. */
export function failure(http: number, reason: string, message: string, details?: StatusDetails): Status {
  const base = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code: http,
  } as const;
  return details ? { ...base, details } : base;
}

/** Throws a StatusError; an expression, so that it can stand behind `??`. */
export function refuse(http: number, reason: string, message: string, details?: StatusDetails): never {
  throw new StatusError(failure(http, reason, message, details));
}

/** What a request was about, as far as its path tells. */
export interface About {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly name?: string | undefined;
}

/** Any thrown value as the answer that it deserves. An error that is not ours says nothing of its stack. */
export function statusOf(error: unknown, about?: About): Status {
  if (error instanceof StatusError) return error.status;
  const code = codeOf(error);
  const { http, reason } = answers[code];
  const causes = causesOf(error);
  const details = about && {
    ...(about.name ? { name: about.name } : {}),
    ...(about.group ? { group: about.group } : {}),
    kind: code === 'invalid' ? about.kind : about.plural,
    ...(causes ? { causes } : {}),
  };
  if (code === 'invalid' && !causes) return failure(400, 'BadRequest', messageOf(error));
  if (code === 'internal') return failure(http, reason, `Internal error occurred: ${messageOf(error)}`, details);
  return failure(http, reason, messageOf(error), details);
}

/** The answer of a server as the error that our own store would have thrown. */
export function errorOf(http: number, body: unknown, doing: string): StatusError {
  if (isStatus(body)) return new StatusError({ code: http, ...body });
  const text = typeof body === 'string' && body.trim() !== '' ? body.trim().slice(0, 500) : `HTTP status ${http}`;
  return new StatusError(failure(http, '', `${doing}: ${text}`));
}

/** True for a Status object. */
export function isStatus(value: unknown): value is Status {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status' && 'status' in value;
}

function codeOfStatus({ reason = '', code = 500 }: Status): ErrorCode {
  return own(byReason, reason) ?? byHttp[code] ?? (code >= 500 ? 'internal' : 'invalid');
}

/** The fields of an invalid object, from an error that lists them as `causes`. */
function causesOf(error: unknown): StatusCause[] | undefined {
  if (!(error instanceof Error) || !('causes' in error) || !Array.isArray(error.causes)) return undefined;
  return (error.causes as readonly FieldError[]).map(({ reason, message, field }) => ({ reason, message, field }));
}
