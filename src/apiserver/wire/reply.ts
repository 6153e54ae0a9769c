import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Status } from '../../api/status.ts';
import { beginning } from '../../lib/text.ts';
import { Outlet } from './outlet.ts';

/** What is answered. */
export interface Reply {
  readonly code: number;
  readonly body: string | Uint8Array;
  /** Default application/json. */
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the client should tell its user, one by one. */
  readonly warnings?: readonly string[];
}

const compress = promisify(gzip);
/** Below this many characters, compressing costs more than it saves. As in Kubernetes. */
const worthCompressing = 128 * 1024;
/** Characters of a Status' message: what is longer repeats what was sent. */
const longestMessage = 32 * 1024;
const longestName = 500;
/** Characters of all warnings, and of one where there are many. */
const warningRoom = 4_096;
const longestWarning = 256;
/** From so many bytes on, a body is sent piece by piece. */
const longBody = 32 * 1024;

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
  const reply = jsonReply(bounded(status), status.code ?? 200);
  return retryAfterSeconds === undefined ? reply : { ...reply, headers: { 'Retry-After': String(retryAfterSeconds) } };
}

/** What somebody sent is not sent back at any length. */
function bounded(status: Status): Status {
  const { message = '', details } = status;
  const name = details?.name ?? '';
  if (message.length <= longestMessage && name.length <= longestName) return status;
  return {
    ...status,
    message: beginning(message, longestMessage),
    ...(details && { details: { ...details, name: beginning(name, longestName) } }),
  };
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
  if (warnings.length > 0) headers['Warning'] = warningHeaders(warnings);
  if (code === 304) {
    response.writeHead(code, headers).end();
    return;
  }
  if (body.length >= worthCompressing && /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    const compressed = await compress(body, { level: 1 });
    response.writeHead(code, {
      ...headers,
      'Content-Encoding': 'gzip',
      'Content-Length': compressed.length,
      Vary: 'Accept-Encoding',
    });
    await sendBody(response, compressed);
    return;
  }
  const bytes = Buffer.from(body);
  response.writeHead(code, { ...headers, 'Content-Length': bytes.length });
  if (request.method === 'HEAD') response.end();
  else await sendBody(response, bytes);
}

async function sendBody(response: ServerResponse, body: Buffer): Promise<void> {
  if (body.length < longBody) {
    response.end(body);
    return;
  }
  const outlet = new Outlet(response);
  if (await outlet.send(body)) outlet.end();
}

/**
 * As in Kubernetes: where all are more than 4,096 characters together, each is cut at 256, and those that find no room
 * are left out. Clients take headers up to a length.
 */
export function warningHeaders(warnings: readonly string[]): string[] {
  const each = [...new Set(warnings.map(toLatin))];
  const all = each.reduce((sum, { length }) => sum + length, 0);
  let room = warningRoom;
  const told: string[] = [];
  for (const text of each) {
    const short = all > warningRoom ? text.slice(0, longestWarning) : text;
    room -= short.length;
    if (room < 0) break;
    told.push(`299 - ${JSON.stringify(short)}`);
  }
  return told;
}

/** A header may hold Latin letters only. */
function toLatin(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
