import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeScratch } from '../engines/local-scratch.ts';
import { hasStrace } from '../support/strace.ts';
import { parseTrace, type SystemCall, trace } from './trace.ts';

/** What a power cut may take is what was not flushed: so it is looked at which system calls came, and in which order. */
describe.skipIf(process.getuid?.() !== 0 || !(await hasStrace()))('what was acknowledged is durable', () => {
  const open = new AsyncDisposableStack();
  let calls: SystemCall[];
  let data: string;
  let volumes: string;
  beforeAll(async () => {
    const { path } = open.use(await makeScratch());
    const file = join(path, 'trace');
    await trace(join(import.meta.dirname, 'process.ts'), [path], file);
    calls = parseTrace(await readFile(file, 'utf8'));
    data = join(path, 'data');
    volumes = join(data, 'pools/default/fs/volumes');
  });
  afterAll(async () => await open.disposeAsync());

  const isWrite = ({ name }: SystemCall) => name === 'write' || name.startsWith('pwrite');
  const pathOf = ({ text }: SystemCall) => /^\d+<(?<path>[^>]*)>/.exec(text)?.groups?.['path'];
  const isOn = (call: SystemCall, path: string) => pathOf(call) === path;
  /** The calls of one kind, in order. */
  const find = (wanted: (call: SystemCall) => boolean) => calls.filter(wanted);
  const some = (found: SystemCall | undefined, what: string): SystemCall => {
    if (!found) throw new Error(`the trace has no ${what}`);
    return found;
  };
  const answer = (word: string) =>
    some(find((it) => it.name === 'write' && it.text.includes(`, "${word}\\n"`)).at(0), `word "${word}"`);
  const program = (name: string) =>
    some(find((it) => it.name === 'execve' && new RegExp(`^"[^"]*/${name}"`).test(it.text)).at(0), `start of ${name}`);
  const renamed = (from: string, to: string) =>
    some(
      find((it) => it.name.startsWith('rename') && it.text.includes(`"${from}"`) && it.text.includes(`"${to}"`)).at(-1),
      `rename of ${from} to ${to}`,
    );
  /** Whether the path was flushed after one call had ended, and before another one began. */
  const isFlushed = (path: string, after: SystemCall, before: SystemCall) =>
    calls.some(
      (it) =>
        ['fsync', 'fdatasync', 'syncfs'].includes(it.name) &&
        isOn(it, path) &&
        it.began > after.ended &&
        it.ended < before.began,
    );

  test.for(['created', 'staged', 'unstaged', 'deleted'])('each commit of the store, before the answer: %s', (word) => {
    const log = join(data, 'store.db-wal');
    const end = answer(word);
    const written = some(find((it) => isWrite(it) && isOn(it, log) && it.ended < end.began).at(-1), 'write to the log');
    expect(isFlushed(log, written, end)).toBe(true);
  });

  test('a volume: first its mark, then its place on the shelf, before it is said to be there', () => {
    const made = find((it) => it.name.startsWith('rename') && it.text.includes(`"${volumes}/.making-`)).at(0);
    const from = /"(?<path>[^"]*\.making-[^"]*)"/.exec(made?.text ?? '')?.groups?.['path'] ?? '';
    const mark = join(from, 'meta.json');
    const written = some(find((it) => isWrite(it) && isOn(it, mark)).at(0), 'write of the mark');
    const placed = some(made, 'volume that was made');
    expect(isFlushed(mark, written, placed)).toBe(true);
    expect(isFlushed(volumes, placed, answer('created'))).toBe(true);
  });

  test('a record of what is about to be staged, before anything is mounted', () => {
    const folder = join(data, 'node');
    const wrote = some(
      find((it) => isWrite(it) && it.text.includes(`<${folder}/`) && it.began > answer('created').ended).at(0),
      'write of a record',
    );
    const draft = pathOf(wrote) ?? '';
    const named = renamed(draft, draft.replace(/\.new$/, ''));
    expect(isFlushed(draft, wrote, named), 'the file').toBe(true);
    expect(isFlushed(folder, named, program('mkfs.ext4')), 'the folder').toBe(true);
  });

  test.for([
    ['formatting', 'mkfs.ext4'],
    ['formatted', 'mount'],
  ] as const)('that a volume is %s, before %s begins', ([state, next]) => {
    const wrote = some(
      find((it) => isWrite(it) && it.text.includes(`\\"state\\":\\"${state}\\"`)).at(0),
      `write of ${state}`,
    );
    const draft = pathOf(wrote) ?? '';
    const named = find(
      (it) => it.name.startsWith('rename') && it.text.includes(`"${draft}"`) && it.began > wrote.ended,
    );
    const placed = some(named.at(0), 'rename of the mark');
    const begins =
      next === 'mount'
        ? some(find((it) => it.name === 'mount' && it.began > wrote.began).at(0), 'mount')
        : program(next);
    expect(isFlushed(draft, wrote, placed), 'the file').toBe(true);
    expect(isFlushed(join(draft, '..'), placed, begins), 'the folder').toBe(true);
  });

  test('that a record is gone, and that a volume is', () => {
    const folder = join(data, 'node');
    const removed = some(
      find((it) => it.name.startsWith('unlink') && it.text.includes(`"${folder}/`)).at(-1),
      'removal of a record',
    );
    expect(isFlushed(folder, removed, answer('unstaged')), 'the record').toBe(true);
    const moved = find((it) => it.name.startsWith('rename') && it.text.includes(`"${volumes}/.deleting-`)).at(-1);
    expect(isFlushed(volumes, some(moved, 'removal of a volume'), answer('deleted')), 'the volume').toBe(true);
  });
});
