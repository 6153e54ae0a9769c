import type { Http2SecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** How many connections there may be at once: of those with a good certificate, from one address, and of all others. */
export interface ConnectionLimits {
  readonly total: number;
  readonly each: number;
  readonly unknown: number;
}

/** More than all requests and watches that may be in flight, since HTTP/1.1 takes a connection for each. HTTP/2 takes fewer. */
export const usualConnections: ConnectionLimits = { total: 2_000, each: 1_000, unknown: 200 };

export interface TimeLimits {
  readonly handshakeTimeout: number;
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  /** So often the two before are looked after. */
  readonly connectionsCheckingInterval: number;
  /** A connection that asks for nothing for so long is closed. */
  readonly keepAliveTimeout: number;
  /** One over HTTP/2 is told so first, and has so long to go by itself. */
  readonly farewellTimeout: number;
}

/**
 * Milliseconds in which a client must have shaken hands, sent its headers, and sent all of its request. A request that
 * takes longer is answered with 408, and its connection closed.
 */
export const usualTimes: TimeLimits = {
  handshakeTimeout: 10_000,
  headersTimeout: 30_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 120_000,
  farewellTimeout: 10_000,
};

/** All connections of a server. */
export interface Connections {
  /** Something that ends the one that has such another end now, at once. */
  enderOf(peer: Peer): () => void;
  /** Ends all of them at once. */
  endAll(): void;
}

type Peer = Pick<Socket, 'remoteAddress' | 'remotePort'>;

/**
 * Bounds a server's connections. Those who have not shown a certificate yet, or have none, can't keep others out: when
 * they are too many, the oldest of them goes, since an honest one is soon known, or done.
 */
export function boundConnections(server: Http2SecureServer, limits: ConnectionLimits): Connections {
  const all = new Map<string, Socket>();
  const unknown = new Map<string, Socket>();
  const known = new Map<string, number>();
  let total = 0;
  server.maxConnections = limits.total + limits.unknown;
  server.on('connection', (connection) => {
    // A server that listens on a port knows no other.
    const socket = connection as Socket;
    const key = keyOf(socket);
    all.set(key, socket);
    unknown.set(key, socket);
    socket.once('close', () => {
      all.delete(key);
      unknown.delete(key);
    });
    const [oldest] = unknown.values();
    if (unknown.size > limits.unknown) oldest?.destroy();
  });
  server.on('secureConnection', (socket: TLSSocket) => {
    if (!socket.authorized) return;
    const { remoteAddress: address = '' } = socket;
    const ofAddress = known.get(address) ?? 0;
    if (total >= limits.total || ofAddress >= limits.each) {
      socket.destroy();
      return;
    }
    unknown.delete(keyOf(socket));
    total += 1;
    known.set(address, ofAddress + 1);
    socket.once('close', () => {
      total -= 1;
      const left = (known.get(address) ?? 1) - 1;
      if (left > 0) known.set(address, left);
      else known.delete(address);
    });
  });
  return {
    enderOf: (peer) => {
      const socket = all.get(keyOf(peer));
      return () => socket?.destroy();
    },
    endAll: () => {
      for (const socket of all.values()) socket.destroy();
    },
  };
}

/** The TLS socket and the one below it have this in common. */
function keyOf({ remoteAddress, remotePort }: Peer): string {
  return `${remoteAddress} ${remotePort}`;
}
