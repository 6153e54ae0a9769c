import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { sleep } from '../../src/lib/clock.ts';
import type { ServerUnderAttack } from '../apiserver/server-under-attack.ts';
import { dialHttp2 } from '../support/http2-client.ts';
import { http2Ways } from './http2.ts';
import type { Random } from './random.ts';
import { type FuzzRequest, request } from './requests.ts';

/** What somebody does on a connection, and in which order the server is to suffer it. */
type Behaviour = (socket: TLSSocket, random: Random) => Promise<unknown>;

const maps = '/api/v1/namespaces/default/configmaps';
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: moorage\r\n\r\n`;

/** A request as it stands on the wire; its length may be a lie. */
function written({ method, path, headers, body }: FuzzRequest, length = body?.length ?? 0): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: moorage',
    ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`),
  ];
  const head = `${lines.join('\r\n')}\r\nContent-Length: ${length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.of()]);
}

const ways: Readonly<Record<string, Behaviour>> = {
  'a slow body': async (socket, random) => {
    const { body = Buffer.from('{}'), ...rest } = request(random);
    socket.write(written({ ...rest, method: 'POST', path: maps, body: body.subarray(0, 10) }, body.length + 100));
    await dripped(socket, body.subarray(10), random);
  },
  'slow headers': async (socket, random) => dripped(socket, written(request(random)), random),
  'a watch that does not read': async (socket, random) => {
    socket.pause().write(get(`${maps}?watch=true&resourceVersion=${random.pick(['', '0'])}`));
    await sleep(random.below(5_000));
  },
  'lists that nobody reads': async (socket, random) => {
    socket.pause().write(get(random.pick([maps, '/openapi/v2', '/api/v1/nodes'])).repeat(1 + random.below(20)));
    await sleep(random.below(5_000));
  },
  'half a connection': async (socket, random) => {
    socket.end(written(request(random)));
    await sleep(random.below(500));
  },
  'a request and gone': async (socket, random) => {
    socket.write(written(request(random)));
    await sleep(random.below(20));
  },
  'many requests at once': async (socket, random) => {
    const count = random.length(500);
    const all = Array.from({ length: count }, () =>
      random.onceIn(3) ? written(request(random)) : Buffer.from(get(random.pick([maps, '/api', '/x', '/readyz']))),
    );
    socket.write(Buffer.concat(all));
    await sleep(random.below(2_000));
  },
  'a length that is a lie': async (socket, random) => {
    const it = request(random);
    socket.write(written(it, Math.max(0, (it.body?.length ?? 0) + random.pick([-1, -10, 1, 1_000_000]))));
    await sleep(random.below(500));
  },
  'chunks that are none': async (socket, random) => {
    const size = random.pick(['5', 'ffffffffffffffff', '-1', 'x', '0', '5;a=b']);
    socket.write(`POST ${maps} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${size}\r\n`);
    await dripped(socket, random.bytes(50), random);
  },
  'two lengths': async (socket, random) => {
    const lengths = random.pick([
      'Content-Length: 5\r\nContent-Length: 6',
      'Content-Length: 5\r\nTransfer-Encoding: chunked',
    ]);
    socket.write(`POST ${maps} HTTP/1.1\r\nHost: a\r\n${lengths}\r\n\r\n0\r\n\r\n${get(maps)}`);
    await sleep(200);
  },
  'another protocol': async (socket, random) => {
    socket.write(
      random.pick<string | Buffer>([
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        `GET ${maps} HTTP/1.0\r\n\r\n`,
        `GET ${maps}\r\n\r\n`,
        `GET ${maps} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
        'CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n',
        `POST ${maps} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n`,
        `POST ${maps} HTTP/1.1\r\nHost: a\r\nExpect: something\r\nContent-Length: 2\r\n\r\n{}`,
        `GET ${maps} HTTP/1.1\r\n${'a: b\r\n'.repeat(3_000)}\r\n`,
        random.bytes(500),
      ]),
    );
    await sleep(200);
  },
};

/** A piece at a time, some seconds long. */
async function dripped(socket: TLSSocket, bytes: Buffer, random: Random): Promise<void> {
  const pieces = 2 + random.below(20);
  for (let piece = 0; piece < pieces && socket.writable; piece += 1) {
    const at = (count: number) => Math.floor((bytes.length * count) / pieces);
    socket.write(bytes.subarray(at(piece), at(piece + 1)));
    await sleep(random.below(200));
  }
}

/** What was done, and the codes of the answers that came back. */
export interface Misbehaved {
  readonly what: string;
  readonly codes: readonly number[];
  readonly text: string;
}

/** Does something that no client library would let one do. */
export async function misbehave(server: ServerUnderAttack, random: Random): Promise<Misbehaved> {
  const overHttp2 = random.onceIn(2);
  const [first, ...others] = Object.entries(overHttp2 ? http2Ways : ways) as [
    [string, Behaviour],
    ...[string, Behaviour][],
  ];
  const [what, way] = random.pick([first, ...others]);
  const socket = overHttp2
    ? await dialHttp2(server.kubeconfig, random.onceIn(4) ? 'anonymous' : {})
    : await server.connect();
  socket.on('error', () => {});
  let text = '';
  if (!/not read|nobody reads/.test(what)) {
    socket.setEncoding('latin1').on('data', (piece: string) => {
      text = (text + piece).slice(-1_000_000);
    });
  }
  await way(socket, random);
  if (random.onceIn(2)) socket.destroy();
  else socket.end();
  if (!socket.destroyed) await Promise.race([once(socket, 'close'), sleep(1_000)]).catch(() => {});
  socket.destroy();
  const codes = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, code]) => Number(code));
  return { what, codes, text };
}
