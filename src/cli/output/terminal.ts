/** Where a verb writes: what was asked for to standard output, everything else to standard error. */
export interface Terminal {
  out(text: string): void;
  note(text: string): void;
  /** Columns of standard output; Infinity when nobody looks at it. */
  readonly width: number;
  /** Whether somebody watches standard error, so that a line may be overwritten. */
  readonly watched: boolean;
  paint(style: Style, text: string): string;
}

export type Style = 'red' | 'green' | 'yellow' | 'bold' | 'dim';

const codes: Readonly<Record<Style, number>> = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 };

/** The terminal of this process. Colour only on a terminal, and not with NO_COLOR (https://no-color.org). */
export function processTerminal(): Terminal {
  const tty = process.stdout.isTTY === true;
  const colour = tty && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    note: (text) => void process.stderr.write(`${text}\n`),
    width: tty ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY,
    watched: process.stderr.isTTY === true && process.env['TERM'] !== 'dumb',
    paint: (style, text) => (colour ? `\u001b[${codes[style]}m${text}\u001b[0m` : text),
  };
}
