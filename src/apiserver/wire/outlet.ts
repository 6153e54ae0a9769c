import { type ApiResponse, breakOff, isGone } from './exchange.ts';

/**
 * Bytes that are given to the network at once. Less than a socket takes before it wants to be drained: as long as it
 * wants that, Node.js breaks the connection on the next request that is larger than one read ("Parse Error: Paused").
 */
const pieceLength = 48 * 1024;
/** Milliseconds for which a client may take nothing of what is on its way to it; then it is given up. */
const patience = 60_000;
/** The same at the end, when nothing more will come. */
const lastPatience = 10_000;

/**
 * A body that is sent piece by piece, one on its way at a time, so that a client who does not read costs no more than
 * one piece. One who takes nothing for a minute is disconnected.
 */
export class Outlet {
  readonly #response: ApiResponse;
  #closed: boolean;
  #settle: (taken: boolean) => void = () => {};

  constructor(response: ApiResponse) {
    this.#response = response;
    this.#closed = isGone(response);
    response.once('close', () => {
      this.#closed = true;
      this.#settle(false);
    });
  }

  /** Resolves with true when the network has taken all of it, with false when nobody will. */
  async send(text: string | Uint8Array): Promise<boolean> {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text;
    for (let at = 0; at < bytes.length; at += pieceLength) {
      if (!(await this.#sendPiece(bytes.subarray(at, at + pieceLength)))) return false;
    }
    return !this.#closed;
  }

  async #sendPiece(piece: Uint8Array): Promise<boolean> {
    if (this.#closed) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#settle = resolve;
    const timer = setTimeout(() => breakOff(this.#response), patience);
    this.#response.write(piece, (error) => resolve(!error));
    const taken = await promise;
    clearTimeout(timer);
    return taken;
  }

  /** Ends the body. */
  end(): void {
    if (this.#closed) return;
    const timer = setTimeout(() => breakOff(this.#response), lastPatience);
    this.#response.once('close', () => clearTimeout(timer));
    this.#response.end(() => clearTimeout(timer));
  }
}
