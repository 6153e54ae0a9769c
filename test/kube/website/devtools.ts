import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fail } from '../../../src/lib/errors.ts';

interface Reply {
  readonly id?: number;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** A headless Chromium with one page, spoken to by the DevTools protocol over one WebSocket. */
export class DevTools implements AsyncDisposable {
  readonly #chromium: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Readonly<Record<string, unknown>>>>();
  #session: string | undefined;
  #id = 0;

  private constructor(chromium: ChildProcess, profile: string, socket: WebSocket) {
    this.#chromium = chromium;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(String(data)) as Reply));
    socket.addEventListener('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the browser has ended'));
    });
  }

  /** Starts a browser with an empty profile and a window of that many pixels. */
  static async start(width: number, height: number): Promise<DevTools> {
    const profile = await mkdtemp(join(tmpdir(), 'moorage-chromium-'));
    const chromium = spawn(
      process.env['CHROMIUM'] ?? 'chromium',
      [
        ...['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--hide-scrollbars'],
        // The cluster's addresses are reached, and nothing else is asked for anything.
        ...['--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 10.*'],
        ...['--password-store=basic', '--remote-debugging-port=0', `--user-data-dir=${profile}`],
        ...[`--window-size=${width},${height}`, 'about:blank'],
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    try {
      const socket = new WebSocket(await addressOf(chromium));
      await once(socket, 'open');
      const devTools = new DevTools(chromium, profile, socket);
      const { targetInfos } = await devTools.send('Target.getTargets');
      const page = (targetInfos as { type: string; targetId: string }[]).find(({ type }) => type === 'page');
      const attached = await devTools.send('Target.attachToTarget', { targetId: page?.targetId, flatten: true });
      devTools.#session = String(attached['sessionId']);
      await devTools.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
      return devTools;
    } catch (error) {
      await end(chromium, profile);
      throw error;
    }
  }

  /** One command to the page, and what it answers. Throws what the browser has against it. */
  async send(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#id;
    const answer = Promise.withResolvers<Readonly<Record<string, unknown>>>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params, sessionId: this.#session }));
    return answer.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await end(this.#chromium, this.#profile);
  }

  #receive({ id = 0, result, error }: Reply): void {
    const answer = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) answer?.reject(new Error(error.message));
    else answer?.resolve(result ?? {});
  }
}

/** Waits until the browser says where its protocol is spoken. */
async function addressOf(chromium: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const lines: string[] = [];
  const tell = (why: string) => reject(new Error(`chromium ${why}:\n${lines.slice(-10).join('\n')}`));
  chromium.once('error', (error) => tell(`can't be started (${error.message}); on Debian: apt-get install chromium`));
  chromium.once('exit', (code, signal) => tell(`ended (${signal ?? code})`));
  const timer = setTimeout(() => tell('was not ready after 60 s'), 60_000);
  createInterface({ input: chromium.stderr ?? fail('internal', 'chromium has no standard error') }).on(
    'line',
    (line) => {
      lines.push(line);
      const [, address] = /DevTools listening on (ws:\S+)/.exec(line) ?? [];
      if (address) resolve(address);
    },
  );
  return promise.finally(() => clearTimeout(timer));
}

async function end(chromium: ChildProcess, profile: string): Promise<void> {
  if (chromium.exitCode === null && chromium.signalCode === null && chromium.pid !== undefined) {
    const gone = once(chromium, 'exit');
    chromium.kill('SIGTERM');
    const timer = setTimeout(() => chromium.kill('SIGKILL'), 5_000);
    await gone;
    clearTimeout(timer);
  }
  // Its helpers may write for a moment longer.
  await rm(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}
