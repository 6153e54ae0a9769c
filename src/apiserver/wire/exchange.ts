import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';

/** A request over HTTP/1.1, where a connection has one at a time, or over HTTP/2, where it has many. */
export type ApiRequest = IncomingMessage | Http2ServerRequest;

/** What a request is answered with: a response of either, by what both of them do alike. */
export interface ApiResponse {
  readonly headersSent: boolean;
  writeContinue(): unknown;
  writeHead(code: number, headers: OutgoingHttpHeaders): unknown;
  write(bytes: Uint8Array, written: (error?: Error | null) => void): unknown;
  end(bytes: Uint8Array): unknown;
  end(sent?: () => void): unknown;
  /** In HTTP/2, headers are not held back. */
  flushHeaders?(): void;
  /** False if an HTTP/1.1 connection ends with the response. */
  readonly shouldKeepAlive?: boolean;
  setHeader(name: string, value: string): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** The HTTP/2 session that a request is in; undefined for HTTP/1.1. */
export function sessionOf(request: ApiRequest): ServerHttp2Session | undefined {
  if (!(request instanceof Http2ServerRequest)) return undefined;
  return request.stream.session as ServerHttp2Session | undefined;
}

/** True if nobody will get any more of a response. */
export function isGone(response: ApiResponse): boolean {
  if (response instanceof Http2ServerResponse) return response.stream.destroyed;
  return response instanceof ServerResponse && response.destroyed;
}

/** Ends a response before its time, so that its client knows: with its connection, or in HTTP/2 alone. */
export function breakOff(exchange: ApiRequest | ApiResponse): void {
  if (exchange instanceof Http2ServerRequest || exchange instanceof Http2ServerResponse) cancel(exchange.stream);
  else if (exchange instanceof IncomingMessage || exchange instanceof ServerResponse) exchange.destroy();
}

/** Ends a stream at once, so that its client knows. */
export function cancel(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_CANCEL);
  stream.destroy();
}

/** True if a request has a body, as far as its headers say. */
export function hasBody(request: ApiRequest): boolean {
  if (request instanceof Http2ServerRequest) return !request.stream.endAfterHeaders;
  const { headers } = request;
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

/** Bytes that the body of a request says it has; undefined if it does not say. */
export function bodyLengthOf(request: ApiRequest): number | undefined {
  if (!hasBody(request)) return 0;
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  return length === undefined || coding !== undefined ? undefined : Number(length);
}
