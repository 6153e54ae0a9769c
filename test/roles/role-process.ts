import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../support/program.ts';

/** One line of a role's log. */
export interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** `moorage controller` or `moorage agent` in a process of its own, and what it logs. */
export class RoleProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: LogLine[] = [];
  readonly #noise: string[] = [];
  #wake: () => void = () => {};

  constructor(role: 'controller' | 'agent', args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const { KUBERNETES_SERVICE_HOST: _, ...inherited } = process.env;
    this.#child = spawn(join(root, 'bin/moorage'), [role, '--metrics-address', '127.0.0.1:0', ...args], {
      env: { ...inherited, POD_NAMESPACE: 'moorage', ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    if (this.#child.stderr) {
      createInterface({ input: this.#child.stderr }).on('line', (line) => {
        try {
          this.#lines.push(JSON.parse(line) as LogLine);
        } catch {
          this.#noise.push(line);
        }
        this.#wake();
      });
    }
    this.#child.once('exit', () => this.#wake());
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get log(): string {
    return [...this.#lines.map((line) => JSON.stringify(line)), ...this.#noise].join('\n');
  }

  /** The first line with that message, now or later. */
  async said(message: string | RegExp, seconds = 30): Promise<LogLine> {
    const matches = ({ msg }: LogLine) => (typeof message === 'string' ? msg === message : message.test(msg));
    const deadline = performance.now() + seconds * 1_000;
    for (;;) {
      const found = this.#lines.find(matches);
      if (found) return found;
      const left = deadline - performance.now();
      if (left <= 0 || this.hasEnded) throw new Error(`it did not say "${message}":\n${this.log}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        setTimeout(resolve, left);
      });
    }
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What it answers at a path of its metrics port: the status and the text. */
  async get(path: string): Promise<{ status: number; text: string }> {
    const { metricsPort } = await this.said('ready');
    const response = await fetch(`http://127.0.0.1:${String(metricsPort)}${path}`);
    return { status: response.status, text: await response.text() };
  }

  /** Ends it; returns its exit code, or undefined if the signal itself ended it. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | undefined> {
    if (!this.hasEnded) {
      const gone = once(this.#child, 'exit');
      this.#child.kill(signal);
      await gone;
    }
    return this.#child.exitCode ?? undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
  }
}
