import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Status } from '../../api/status.ts';

/** What is answered. */
export interface Reply {
  readonly code: number;
  readonly body: string;
  /** Default application/json. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the client should tell its user, one by one. */
  readonly warnings?: readonly string[];
}

const compress = promisify(gzip);
/** Below this many characters, compressing costs more than it saves. As in Kubernetes. */
const worthCompressing = 128 * 1024;

/** An answer in JSON. */
export function jsonReply(value: unknown, code = 200): Reply {
  return { code, body: JSON.stringify(value) };
}

/** A text. */
export function textReply(body: string, type = 'text/plain; charset=utf-8'): Reply {
  return { code: 200, body, type };
}

/** A Status. */
export function statusReply(status: Status): Reply {
  const { retryAfterSeconds } = status.details ?? {};
  const reply = jsonReply(status, status.code ?? 200);
  return retryAfterSeconds === undefined ? reply : { ...reply, headers: { 'Retry-After': String(retryAfterSeconds) } };
}

/** Sends a reply, compressed if it is long and the client takes that. */
export async function send(request: IncomingMessage, response: ServerResponse, reply: Reply): Promise<void> {
  if (response.headersSent || response.destroyed) return;
  const { code, body, type = 'application/json', warnings = [] } = reply;
  const headers: Record<string, string | number | string[]> = {
    'Content-Type': type,
    'Cache-Control': 'no-cache, private',
    ...reply.headers,
  };
  if (warnings.length > 0) headers['Warning'] = warnings.map((text) => `299 - ${JSON.stringify(toLatin(text))}`);
  if (body.length >= worthCompressing && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    const compressed = await compress(body, { level: 1 });
    response.writeHead(code, {
      ...headers,
      'Content-Encoding': 'gzip',
      'Content-Length': compressed.length,
      Vary: 'Accept-Encoding',
    });
    response.end(compressed);
    return;
  }
  response.writeHead(code, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** A header may hold Latin letters only. */
function toLatin(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
