import { constants } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { gunzipSync } from 'node:zlib';
import { sleep } from '../../src/lib/clock.ts';
import { answerOf, Http2Client } from '../support/http2-client.ts';
import { flags, frame, frameTypes, headerBlock, preface, requestHeaders, uint32 } from '../support/http2-frames.ts';
import type { Random } from './random.ts';
import { type FuzzRequest, request } from './requests.ts';

/** Sends requests over one HTTP/2 connection after the other. */
export class Http2Lane implements Disposable {
  readonly #kubeconfig: string;
  #client: Http2Client | undefined;

  constructor(kubeconfig: string) {
    this.#kubeconfig = kubeconfig;
  }

  /** The answer, or undefined for a request that Node's client would not send over HTTP/2. */
  async ask({ method, path, headers, body }: FuzzRequest, patience: number) {
    if (!this.#client || this.#client.session.closed) this.#client = await Http2Client.open(this.#kubeconfig);
    const stream = begin(this.#client, method, path, headers, body === undefined);
    if (!stream) return undefined;
    stream.on('error', () => {});
    stream.setTimeout(patience, () => stream.close(constants.NGHTTP2_CANCEL));
    if (body !== undefined) stream.end(body);
    const answer = await answerOf(stream);
    const isPacked = answer.headers['content-encoding'] === 'gzip';
    const text = (isPacked ? gunzipSync(answer.raw) : answer.raw).toString();
    return { code: answer.code, type: answer.headers['content-type'], text };
  }

  [Symbol.dispose](): void {
    this.#client?.[Symbol.dispose]();
  }
}

function begin(client: Http2Client, method: string, path: string, headers: FuzzRequest['headers'], endStream: boolean) {
  try {
    const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
    return client.session.request({ ':method': method, ':path': path, ...Object.fromEntries(lower) }, { endStream });
  } catch {
    return undefined;
  }
}

const maps = '/api/v1/namespaces/default/configmaps';
const { data, headers, continuation, reset, settings, ping, window } = frameTypes;

function asking(stream: number, method = 'GET', path = maps, more = {}, flag: number = flags.endStream): Buffer {
  return frame(headers, flags.endHeaders | flag, stream, headerBlock(requestHeaders(method, path, more)));
}

/** What somebody may do on a connection where both sides have agreed on HTTP/2. */
export const http2Ways: Readonly<Record<string, (socket: TLSSocket, random: Random) => Promise<unknown>>> = {
  'HTTP/2: many requests that nobody reads': async (socket, random) => {
    greet(socket.pause());
    const path = () => random.pick([maps, '/openapi/v2', '/api/v1/nodes', `${maps}?watch=true`]);
    socket.write(Buffer.concat(streams(random.length(400)).map((stream) => asking(stream, 'GET', path()))));
    await sleep(random.below(5_000));
  },
  'HTTP/2: requests that are taken back at once': async (socket, random) => {
    greet(socket);
    const code = uint32(constants.NGHTTP2_CANCEL);
    const both = (stream: number) => [asking(stream), frame(reset, flags.none, stream, code)];
    socket.write(Buffer.concat(streams(random.length(5_000)).flatMap(both)));
    await sleep(random.below(1_000));
  },
  'HTTP/2: headers without an end': async (socket, random) => {
    greet(socket);
    socket.write(frame(headers, flags.endStream, 1, headerBlock(requestHeaders('GET', maps))));
    for (let count = random.length(2_000); count > 0 && socket.writable; count -= 1) {
      socket.write(
        frame(continuation, flags.none, 1, headerBlock({ [`x-${count}`]: 'y'.repeat(random.length(8_000)) })),
      );
      if (count % 100 === 0) await sleep(1);
    }
    await sleep(random.below(500));
  },
  'HTTP/2: one long header, over and over': async (socket, random) => {
    greet(socket);
    // Into the table of both sides (RFC 7541, section 6.2.1), and then by its number.
    const name = Buffer.from('x-long');
    const value = Buffer.alloc(3_900, 'v');
    const length = Buffer.of(127, ((value.length - 127) % 128) | 128, Math.floor((value.length - 127) / 128));
    const added = Buffer.concat([Buffer.of(0x40, name.length), name, length, value]);
    const block = Buffer.concat([headerBlock(requestHeaders('GET', maps)), added, Buffer.alloc(12_000, 0x80 | 62)]);
    for (const stream of streams(random.length(200))) {
      socket.write(frame(headers, flags.endHeaders | flags.endStream, stream, block));
    }
    await sleep(random.below(500));
  },
  'HTTP/2: pings and settings, whose answers nobody reads': async (socket, random) => {
    greet(socket.pause());
    const one = () => (random.onceIn(2) ? frame(ping, flags.none, 0, random.bytes(8)) : frame(settings, flags.none, 0));
    socket.write(Buffer.concat(Array.from({ length: random.length(20_000) }, one)));
    await sleep(random.below(1_000));
  },
  'HTTP/2: half a body': async (socket, random) => {
    greet(socket);
    const { body = Buffer.from('{}') } = request(random);
    const type = { 'content-type': 'application/json' };
    for (const stream of streams(random.length(50))) {
      const lie = random.onceIn(2) ? { 'content-length': String(body.length + random.pick([-1, 1, 1_000_000])) } : {};
      socket.write(asking(stream, 'POST', maps, { ...type, ...lie }, flags.none));
      const part = body.subarray(0, Math.min(random.length(body.length), 16_000));
      socket.write(frame(data, random.onceIn(3) ? flags.endStream : flags.none, stream, part));
    }
    await sleep(random.below(2_000));
  },
  'HTTP/2: windows of every size': async (socket, random) => {
    const size = () => random.pick([0, 1, 100, 65_535, 2 ** 31 - 1, 2 ** 32 - 1]);
    socket.write(preface);
    socket.write(frame(settings, flags.none, 0, Buffer.concat([Buffer.of(0, 4), uint32(size())])));
    for (const stream of streams(random.length(50))) {
      socket.write(asking(stream));
      socket.write(frame(window, flags.none, random.pick([0, stream]), uint32(size())));
    }
    await sleep(random.below(2_000));
  },
  'HTTP/2: requests of which each has something odd': async (socket, random) => {
    greet(socket);
    for (const stream of streams(random.length(100))) {
      const it = request(random);
      const block = { ...requestHeaders(it.method, it.path, it.headers), ...oddHeaders(random) };
      const end = random.onceIn(2) ? flags.endStream : flags.none;
      socket.write(frame(headers, flags.endHeaders | end, stream, headerBlock(block)));
      if (it.body) socket.write(frame(data, flags.endStream, stream, it.body.subarray(0, 16_000)));
    }
    await sleep(random.below(1_000));
  },
  'HTTP/2: frames of all sorts': async (socket, random) => {
    greet(socket);
    for (let count = random.length(500); count > 0 && socket.writable; count -= 1) {
      const payload = random.onceIn(3) ? random.bytes(random.length(200)) : headerBlock(requestHeaders('GET', maps));
      const length = random.onceIn(20) ? random.below(2 ** 24) : payload.length;
      const stream = random.pick([0, 1, 2, 3, 5, 2 ** 31 - 1, count]);
      socket.write(frame(random.below(12), random.below(256), stream, payload, length));
    }
    await sleep(random.below(500));
  },
};

function oddHeaders(random: Random): Record<string, string> {
  return random.pick<Record<string, string>>([
    { connection: 'close' },
    { 'transfer-encoding': 'chunked' },
    { ':path': '' },
    { ':path': '*' },
    { ':method': '' },
    { ':method': 'CONNECT' },
    { ':status': '200' },
    { 'UPPER\u0000case': 'a' },
    { expect: random.pick(['100-continue', 'something']) },
    { 'content-length': random.pick(['-1', '1e9', '5, 6', '99999999999999999999']) },
    { accept: 'a/b;'.repeat(3_000) },
    {},
  ]);
}

function greet(socket: TLSSocket): void {
  socket.write(Buffer.concat([preface, frame(settings, flags.none, 0)]));
}

/** The numbers of so many streams of a client. */
function streams(count: number): number[] {
  return Array.from({ length: count }, (_, at) => 2 * at + 1);
}
