import type { Http2SecureServer, ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import { cancel } from '../wire/exchange.ts';
import type { Connections, TimeLimits } from './connections.ts';

/** So many requests a client may have in flight on one HTTP/2 connection, watches among them. Go's clients open more then. */
export const maxConcurrentStreams = 250;

/**
 * Bounds what an HTTP/2 connection may take in time, as Node.js does for those of HTTP/1.1: one that has no request in
 * flight is ended after a while, in order if it takes that, and a request whose body does not come is broken off. What
 * it may take else, Node.js bounds: headers, streams that are reset one after another, frames that are none.
 */
export function boundSessions(server: Http2SecureServer, connections: Connections, times: TimeLimits): void {
  server.on('session', (session: ServerHttp2Session) => {
    const open = new Set<ServerHttp2Stream>();
    const end = connections.enderOf(session.socket);
    session.on('stream', (stream: ServerHttp2Stream) => {
      open.add(stream);
      stream.once('close', () => open.delete(stream));
      if (!stream.endAfterHeaders) boundBody(stream, times.requestTimeout);
    });
    session.setTimeout(times.keepAliveTimeout, () => {
      if (open.size > 0) return;
      session.close();
      setTimeout(end, times.farewellTimeout).unref();
    });
  });
}

/** Breaks off a stream whose client has not sent all after so many milliseconds. */
function boundBody(stream: ServerHttp2Stream, patience: number): void {
  const timer = setTimeout(() => cancel(stream), patience);
  const over = () => clearTimeout(timer);
  stream.once('end', over).once('close', over);
}
