import type { Terminal } from './terminal.ts';

const gap = '   ';

/**
 * Rows under headings, as kubectl prints them. Where the terminal is too narrow, the widest columns give way and end in
 * "…"; the first column never does.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[], terminal: Terminal): string {
  const all = [headings.map((heading) => heading.toUpperCase()), ...rows];
  const widths = headings.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  const room = terminal.width - gap.length * (headings.length - 1);
  let excess = widths.reduce((sum, width) => sum + width, 0) - room;
  while (excess > 0) {
    const widest = widths.reduce((best, width, at) => (at > 0 && width > (widths[best] ?? 0) ? at : best), 1);
    const width = widths[widest] ?? 0;
    if (width <= 8) break;
    widths[widest] = width - 1;
    excess -= 1;
  }
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => fitted(cell, widths[column] ?? 0))
      .join(gap)
      .trimEnd();
  return all.map((row, at) => (at === 0 ? terminal.paint('bold', line(row)) : line(row))).join('\n');
}

function fitted(cell: string, width: number): string {
  return cell.length > width ? `${cell.slice(0, Math.max(width - 1, 0))}…` : cell.padEnd(width);
}
