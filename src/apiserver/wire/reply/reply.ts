import type { OutgoingHttpHeaders } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Status } from '../../../api/status.ts';
import { beginning } from '../../../lib/text.ts';
import type { Held, Make } from '../../access/shares.ts';
import { type ApiRequest, type ApiResponse, breakOff, isGone } from '../exchange.ts';
import { Outlet } from '../outlet.ts';
import type { Encoded } from './encoding.ts';

/** What is answered. */
export interface Reply {
  readonly code: number;
  /** What may be long is made only once there is room for it. */
  readonly body: Encoded | (() => Encoded);
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
/** Milliseconds that a client may take for a short one. */
const patience = 60_000;

/** Makes what is to be sent once there is room for it, and keeps that until it is disposed of. */
export type ReplyRoom = <T>(make: Make<T>) => Promise<Held<T>>;

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

/** Sends a reply, compressed if it is long and the client takes that. What is long waits until there is room for it. */
export async function send(
  request: ApiRequest,
  response: ApiResponse,
  reply: Reply,
  room: ReplyRoom = async (make) => ({ ...make(), [Symbol.dispose]: () => {} }),
): Promise<void> {
  if (response.headersSent || isGone(response)) return;
  const { code, body } = reply;
  const headers = headersOf(reply);
  if (code === 304) {
    response.writeHead(code, headers);
    response.end();
    return;
  }
  if (typeof body !== 'function' && body.length < longBody) {
    await sendBytes(request, response, code, headers, Buffer.from(body));
    return;
  }
  using held = await room(() => {
    const bytes = isGone(response) ? Buffer.of() : Buffer.from(typeof body === 'function' ? body() : body);
    return { value: bytes, size: bytes.length };
  });
  if (isGone(response)) return;
  if (held.value.length < worthCompressing || !/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
    await sendBytes(request, response, code, headers, held.value);
    return;
  }
  const packed = { ...headers, 'Content-Encoding': 'gzip', Vary: 'Accept-Encoding' };
  await sendBytes(request, response, code, packed, await compress(held.value, { level: 1 }));
}

function headersOf({ type = 'application/json', headers, warnings = [] }: Reply): OutgoingHttpHeaders {
  return {
    'Content-Type': type,
    'Cache-Control': 'no-cache, private',
    ...headers,
    ...(warnings.length > 0 && { Warning: warningHeaders(warnings) }),
  };
}

async function sendBytes(
  request: ApiRequest,
  response: ApiResponse,
  code: number,
  headers: OutgoingHttpHeaders,
  bytes: Buffer,
): Promise<void> {
  response.writeHead(code, { ...headers, 'Content-Length': bytes.length });
  if (request.method !== 'HEAD' && bytes.length >= longBody) {
    const outlet = new Outlet(response);
    if (await outlet.send(bytes)) outlet.end();
    return;
  }
  const timer = setTimeout(() => breakOff(response), patience);
  response.once('close', () => clearTimeout(timer));
  if (request.method === 'HEAD') response.end();
  else response.end(bytes);
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
