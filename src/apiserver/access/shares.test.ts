import { describe, expect, test, vi } from 'vitest';
import { StatusError } from '../../api/status.ts';
import { Shares } from './shares.ts';

const ten = { total: 10, each: 5 };
const made = (value: string, size: number) => () => ({ value, size });

describe('shares', () => {
  test('a client that has its part is refused with 429 and a time; another is not', () => {
    const shares = new Shares('reads', ten);
    for (let count = 0; count < 5; count += 1) shares.take('one');
    const refused = () => shares.take('one');
    expect(refused).toThrow('reads are at their limit');
    expect(refused).toThrow(expect.objectContaining({ status: expect.objectContaining({ code: 429 }) }));
    expect(() => shares.take('other')).not.toThrow();
  });

  test('all clients together have no more than there is', () => {
    const shares = new Shares('reads', ten);
    for (let count = 0; count < 10; count += 1) shares.take(`client ${count}`);
    expect(() => shares.take('the eleventh')).toThrow(StatusError);
  });

  test('what is given back can be had again, and is given back once', () => {
    const shares = new Shares('reads', { total: 1, each: 1 });
    const held = shares.take('one');
    held[Symbol.dispose]();
    held[Symbol.dispose]();
    expect(shares.used).toBe(0);
    shares.take('other');
    expect(() => shares.take('one')).toThrow(StatusError);
  });

  test('what is larger than all there is can be had, alone', () => {
    const shares = new Shares('bytes', ten);
    using _large = shares.take('one', 1_000);
    expect(() => shares.take('other', 1)).toThrow(StatusError);
  });

  test('who waits is served in turn, and nothing is made before there is room for it', async () => {
    const shares = new Shares('bytes', ten);
    const large = shares.take('one', 10);
    const done: string[] = [];
    const wait = (client: string, value: string, size: number) =>
      shares.takeInTurn(
        client,
        () => {
          done.push(value);
          return { value, size };
        },
        1_000,
      );
    const first = wait('one', 'first', 9);
    const second = wait('other', 'second', 9);
    const third = wait('third', 'third', 1);
    expect(done).toEqual([]);
    large[Symbol.dispose]();
    expect(done).toEqual(['first', 'second']);
    (await first)[Symbol.dispose]();
    expect(done).toEqual(['first', 'second', 'third']);
    expect((await second).value).toBe('second');
    await third;
  });

  test('one who waits for their own part lets others go first', async () => {
    const shares = new Shares('bytes', ten);
    const own = shares.take('one', 5);
    const other = shares.take('other', 5);
    const waiting = shares.takeInTurn('one', made('one', 1), 1_000);
    const late = shares.takeInTurn('third', made('third', 1), 1_000);
    other[Symbol.dispose]();
    expect((await late).value).toBe('third');
    own[Symbol.dispose]();
    expect((await waiting).value).toBe('one');
  });

  test('waiting ends with 429, and takes nothing', async () => {
    vi.useFakeTimers();
    const shares = new Shares('bytes', ten);
    const held = shares.take('one', 10);
    const waiting = expect(shares.takeInTurn('one', made('late', 1), 1_000)).rejects.toThrow(
      'bytes are at their limit',
    );
    vi.advanceTimersByTime(1_000);
    await waiting;
    held[Symbol.dispose]();
    expect(shares.used).toBe(0);
    vi.useRealTimers();
  });

  test('what fails to be made takes nothing', async () => {
    const shares = new Shares('bytes', ten);
    const held = shares.take('one', 10);
    const waiting = shares.takeInTurn(
      'one',
      () => {
        throw new Error('no such object');
      },
      1_000,
    );
    held[Symbol.dispose]();
    await expect(waiting).rejects.toThrow('no such object');
    expect(shares.used).toBe(0);
  });
});
