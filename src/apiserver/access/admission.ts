import { type ApiRequest, type ApiResponse, bodyLengthOf, isGone } from '../wire/exchange.ts';
import type { User } from './authentication.ts';
import { type Held, type Limits, type Make, Shares } from './shares.ts';

/** What a request is for those who count them: Kubernetes counts long-running ones apart, too. */
export type RequestClass = 'reads' | 'writes' | 'watches';

/** What may be in flight at once. Bytes are those of bodies that are being read, and of replies that nobody has taken yet. */
export interface InFlightLimits {
  readonly reads: Limits;
  readonly writes: Limits;
  readonly watches: Limits;
  readonly bodyBytes: Limits;
  readonly replyBytes: Limits;
}

const mebibyte = 1024 * 1024;

/**
 * Reads and writes in total are those of kube-apiserver (`--max-requests-inflight`, `--max-mutating-requests-inflight`),
 * which has no bound for one client there. One client may have half.
 */
export const usualInFlight: InFlightLimits = {
  reads: { total: 400, each: 200 },
  writes: { total: 200, each: 100 },
  watches: { total: 1_000, each: 500 },
  bodyBytes: { total: 64 * mebibyte, each: 32 * mebibyte },
  replyBytes: { total: 128 * mebibyte, each: 64 * mebibyte },
};

/** The longest body that is read; what Kubernetes allows. */
export const longestBody = 3 * mebibyte;

/** Milliseconds that a request waits for its turn to send its body, and to get its reply. */
const bodyPatience = 10_000;
const replyPatience = 30_000;

/** A request that was let in. */
export interface Admitted {
  /** Waits until its body may be read; there is room for it until that is disposed of. Throws 429. */
  body(): Promise<Disposable>;
  /** Makes what is to be sent once there is room for it; it takes that until it is disposed of. Throws 429. */
  reply<T>(make: Make<T>): Promise<Held<T>>;
}

/** Lets requests in, up to what may be in flight at once, so that no client can take the process from the others. */
export class Admission {
  readonly #requests: Readonly<Record<RequestClass, Shares>>;
  readonly #bodyBytes: Shares;
  readonly #replyBytes: Shares;

  constructor(limits: InFlightLimits) {
    this.#requests = {
      reads: new Shares('reads in flight', limits.reads),
      writes: new Shares('writes in flight', limits.writes),
      watches: new Shares('watches', limits.watches),
    };
    this.#bodyBytes = new Shares('bytes that are being read', limits.bodyBytes);
    this.#replyBytes = new Shares('bytes of replies that nobody has taken yet', limits.replyBytes);
  }

  /** Lets a request in until its response is closed, or throws 429. Without a class it is let in always, and not counted. */
  admit(request: ApiRequest, response: ApiResponse, user: User, of: RequestClass | undefined): Admitted {
    const client = `${user.name}\n${request.socket.remoteAddress}`;
    if (of && !isGone(response)) {
      const place = this.#requests[of].take(client);
      response.once('close', () => place[Symbol.dispose]());
    }
    return {
      body: () =>
        this.#bodyBytes.takeInTurn(client, () => ({ value: undefined, size: bodyLength(request) }), bodyPatience),
      reply: (make) => this.#replyBytes.takeInTurn(client, make, replyPatience),
    };
  }
}

/** Bytes that a request's body may have. */
function bodyLength(request: ApiRequest): number {
  return Math.min(bodyLengthOf(request) ?? longestBody, longestBody);
}
