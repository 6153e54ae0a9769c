import { styleText } from 'node:util';

interface Done {
  readonly title: string;
  readonly outcome: string;
  readonly ms: number;
}

const paint = (format: Parameters<typeof styleText>[0], text: string) =>
  styleText(format, text, { stream: process.stdout });

/** Tells a sequence of steps while they happen, and keeps what each brought and how long it took. */
export class Story {
  readonly #done: Done[] = [];

  /** Runs one step; what it returns is shown as its outcome. A step that throws ends the story. */
  async step(title: string, work: () => Promise<string>): Promise<void> {
    const live = process.stdout.isTTY;
    if (live) process.stdout.write(`  ${title} …`);
    const started = performance.now();
    try {
      const outcome = await work();
      const ms = performance.now() - started;
      this.#done.push({ title, outcome, ms });
      console.log(
        `${live ? '\r\x1b[K' : ''}${paint('green', '✔')} ${title}: ${outcome} ${paint('dim', `(${seconds(ms)})`)}`,
      );
    } catch (error) {
      console.log(`${live ? '\r\x1b[K' : ''}${paint('red', '✘')} ${title}`);
      throw error;
    }
  }

  /** A heading between steps. */
  chapter(text: string): void {
    console.log(`\n${paint('bold', text)}`);
  }

  /** All that happened, as a table that fits the terminal. */
  table(): string {
    const titleWidth = Math.max(...this.#done.map(({ title }) => title.length));
    const room = Math.max((process.stdout.columns ?? 100) - titleWidth - 14, 20);
    const cut = (text: string) => (text.length > room ? `${text.slice(0, room - 1)}…` : text);
    const lines = this.#done.map(
      ({ title, outcome, ms }) => `${title.padEnd(titleWidth)}  ${seconds(ms).padStart(8)}  ${cut(outcome)}`,
    );
    return [paint('bold', `${'step'.padEnd(titleWidth)}  ${'took'.padStart(8)}  what happened`), ...lines].join('\n');
  }
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
