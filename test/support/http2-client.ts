import { once } from 'node:events';
import {
  connect as begin,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';
import { loadConnection } from '../../src/api/kube/index.ts';

export interface Http2Answer {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
}

interface Http2Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

type Credential = { readonly cert?: string; readonly key?: string } | 'anonymous';

/** A connection on which HTTP/2 was agreed upon, and nothing was said yet; as the administrator unless said otherwise. */
export async function dialHttp2(kubeconfig: string, credential: Credential = {}): Promise<TLSSocket> {
  const { server, authority, certificate, key } = loadConnection({ kubeconfig });
  const shown = credential === 'anonymous' ? {} : { cert: certificate, key, ...credential };
  const { hostname: host, port } = new URL(server);
  const socket = connect({ host, port: Number(port), ALPNProtocols: ['h2'], ca: authority, ...shown });
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** One HTTP/2 connection to a server, as its administrator unless said otherwise. Disposing of it cuts it off. */
export class Http2Client implements Disposable {
  readonly session: ClientHttp2Session;
  /** What the session runs over: only to be cut. */
  readonly socket: TLSSocket;

  private constructor(session: ClientHttp2Session, socket: TLSSocket) {
    this.session = session;
    this.socket = socket;
  }

  static async open(kubeconfig: string, credential: Credential = {}): Promise<Http2Client> {
    const socket = await dialHttp2(kubeconfig, credential);
    // What waits to be sent counts too: a client with less than that would refuse the answers itself.
    const maxSessionMemory = 200;
    const options = { createConnection: () => socket, maxSessionMemory };
    const session = begin(loadConnection({ kubeconfig }).server, options);
    session.on('error', () => {});
    await once(session, 'connect');
    return new Http2Client(session, socket);
  }

  /** A request that is not answered yet, and whose body has not ended unless it has none. */
  begin(path: string, { method = 'GET', headers = {}, body }: Http2Ask = {}): ClientHttp2Stream {
    const isOpen = body !== undefined;
    const stream = this.session.request(
      { ':method': method, ':path': path, ...(isOpen && { 'content-type': 'application/json' }), ...headers },
      { endStream: !isOpen },
    );
    stream.on('error', () => {});
    if (isOpen) stream.write(body);
    return stream;
  }

  /** One request of a client that behaves. Rejects if the stream ends without an answer. */
  async ask(path: string, options: Http2Ask = {}): Promise<Http2Answer> {
    const stream = this.begin(path, options);
    if (options.body !== undefined) stream.end();
    return answerOf(stream);
  }

  [Symbol.dispose](): void {
    this.session.destroy();
  }
}

/** The answer to a request, whole. */
export async function answerOf(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const headers = await headersOf(stream);
  return { code: headers[':status'] ?? 0, headers, raw: Buffer.concat(await stream.toArray()) };
}

/** The headers of the answer to a request, whose body is not read yet. Rejects if it ends without. */
export async function headersOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders & { ':status'?: number }> {
  const closed = once(stream, 'close').then(() => {
    throw new Error(`the stream was closed with code ${stream.rstCode}`);
  });
  const answered = once(stream, 'response') as Promise<[IncomingHttpHeaders & { ':status'?: number }]>;
  const [headers] = await Promise.race([answered, closed]);
  return headers;
}
