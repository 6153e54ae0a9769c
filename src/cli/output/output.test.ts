import { describe, expect, it } from 'vitest';
import { count, humanBytes, humanTime } from './human.ts';
import { table } from './table.ts';
import type { Terminal } from './terminal.ts';

const terminal = (width: number): Terminal => ({
  out: () => {},
  note: () => {},
  width,
  watched: false,
  paint: (_, text) => text,
});

describe('table', () => {
  const rows = [
    ['data', 'a long message that says what happened'],
    ['web', 'short'],
  ];

  it('pads columns to their widest cell, without blanks at the end', () => {
    expect(
      table(
        ['name', 'message'],
        [
          ['data', 'yes'],
          ['w', ''],
        ],
        terminal(80),
      ).split('\n'),
    ).toEqual(['NAME   MESSAGE', 'data   yes', 'w']);
  });

  it('shortens the widest column where the terminal is narrow, and never the first', () => {
    const lines = table(['name', 'message'], rows, terminal(24)).split('\n');
    expect(lines[1]).toBe('data   a long message t…');
    expect(lines.every((line) => line.length <= 24)).toBe(true);
  });

  it('shortens nothing where nobody looks', () => {
    expect(table(['name', 'message'], rows, terminal(Number.POSITIVE_INFINITY))).toContain('says what happened');
  });
});

describe('words for people', () => {
  it.each([
    [0n, '0 B'],
    [1023n, '1023 B'],
    [1n << 20n, '1 MiB'],
    [1_610_612_736n, '1.5 GiB'],
    [123n << 30n, '123 GiB'],
  ])('%i bytes are %s', (bytes, text) => {
    expect(humanBytes(bytes)).toBe(text);
  });

  it.each([
    [4, '4 ms'],
    [1_500, '1.5 s'],
    [120_000, '2 min'],
    [36_000_000, '10 h'],
  ])('%i ms are %s', (ms, text) => {
    expect(humanTime(ms)).toBe(text);
  });

  it('counts', () => {
    expect([count(1, 'claim'), count(2, 'claim'), count(0, 'thing is', 'things are')]).toEqual([
      '1 claim',
      '2 claims',
      '0 things are',
    ]);
  });
});
