import type { Terminal } from './terminal.ts';

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const patience = 1_000;

/** Says what is being waited for, once it has taken a second: a spinner where somebody watches, plain lines elsewhere. */
export class Progress implements Disposable {
  readonly #terminal: Terminal;
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  #text: string;
  #shown = '';
  #frame = 0;

  constructor(terminal: Terminal, text: string) {
    this.#terminal = terminal;
    this.#text = text;
    this.#timer = setInterval(() => this.#show(), terminal.watched ? 100 : 250);
    this.#timer.unref();
  }

  /** What is being waited for now. */
  update(text: string): void {
    this.#text = text;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (this.#shown && this.#terminal.watched) process.stderr.write('\r\u001b[K');
  }

  #show(): void {
    const waited = performance.now() - this.#started;
    if (waited < patience) return;
    if (this.#terminal.watched) {
      const seconds = `${Math.floor(waited / 1000)} s`;
      const line = `${frames[this.#frame++ % frames.length]} ${this.#text} (${seconds})`;
      process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
    } else if (this.#shown !== this.#text) {
      this.#terminal.note(`${this.#text} …`);
    }
    this.#shown = this.#text;
  }
}
