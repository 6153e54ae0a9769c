import { type FileHandle, open, readFile } from 'node:fs/promises';
import { codeOf, fail, messageOf } from '../../lib/errors.ts';
import type { Exec } from '../../lib/exec.ts';
import { isBehind } from '../backing.ts';
import { runTool } from '../tools.ts';
import { type Content, probeDevice } from './probe.ts';
import { deviceSize } from './statistics.ts';

/** Bytes of a device, from `start` up to `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

const mebibyte = 2 ** 20;
/** So much is read wholly. Of more, both ends are, and samples in between. */
const mostRead = 8 * 2 ** 30;
const edge = 64 * mebibyte;
const samples = 4096;
const sample = mebibyte / 4;
const atOnce = 4 * mebibyte;

/**
 * As probeDevice, but blank means blank: nothing that blkid knows of, and only zeroes wherever it was read, which is
 * everywhere on devices of up to 8 GiB and in all that a sparse file behind a loop device holds, and otherwise the
 * first and last 64 MiB and 4,096 places in between.
 */
export async function probeWholly(exec: Exec, device: string, signal?: AbortSignal): Promise<Content> {
  const content = await probeDevice(exec, device);
  if (content.kind !== 'blank') return content;
  const found = await findData(exec, device, signal);
  return found === undefined ? content : { kind: 'foreign', what: found };
}

async function findData(exec: Exec, device: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    await using file = await open(device, 'r');
    // What was written through the device's own cache is to be seen in the file behind it.
    await file.sync();
    const size = Number(await deviceSize(device));
    for (const range of planReading(size, await heldRanges(exec, device, size))) {
      const at = await firstByte(file, range, signal);
      if (at !== undefined) return `data that no tool has a name for, from byte ${at.offset} on (${at.words})`;
    }
    return undefined;
  } catch (cause) {
    signal?.throwIfAborted();
    return fail(codeOf(cause), `looking whether ${device} is blank: ${messageOf(cause)}`, cause);
  }
}

/** What to read of a device that holds no data outside of these ranges: both ends first. Pure. */
export function planReading(size: number, held: readonly Range[]): readonly Range[] {
  const total = held.reduce((sum, { start, end }) => sum + end - start, 0);
  if (total <= mostRead) return held;
  const step = Math.floor((size - 2 * edge) / samples);
  const middle = Array.from({ length: samples }, (_, index) => edge + index * step).map((start) => ({
    start,
    end: start + Math.min(sample, step),
  }));
  return [{ start: 0, end: edge }, { start: size - edge, end: size }, ...middle];
}

/** Where a device can hold anything but zeroes: all of it, or, if it is over a sparse file, what that has. */
async function heldRanges(exec: Exec, device: string, size: number): Promise<readonly Range[]> {
  const whole = [{ start: 0, end: size }];
  const name = /^\/dev\/(loop\d+)$/.exec(device)?.[1];
  if (name === undefined) return whole;
  const read = (attribute: string) => readFile(`/sys/block/${name}/loop/${attribute}`, 'utf8').catch(() => '');
  const [file, offset] = await Promise.all([read('backing_file'), read('offset')]);
  const path = file.trimEnd();
  if (offset.trim() !== '0' || !(await isBehind(exec, device, path))) return whole;
  const { code, stdout } = await runTool(exec, ['xfs_io', '-r', '-c', 'seek -a -r 0', path], { ok: [0, 1] });
  return code === 0 ? heldOf(stdout, size) : whole;
}

/** The ranges with data in the output of xfs_io's `seek -a`; all if it can't be understood. */
export function heldOf(text: string, size: number): readonly Range[] {
  const steps = text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s+/));
  const ranges: { start: number; end: number }[] = [];
  for (const [what, at = ''] of steps) {
    const offset = at === 'EOF' ? size : Number(at);
    if ((what !== 'DATA' && what !== 'HOLE') || !Number.isSafeInteger(offset)) return [{ start: 0, end: size }];
    const last = ranges.at(-1);
    if (what === 'HOLE' && last) last.end = Math.min(offset, size);
    if (what === 'DATA' && offset < size) ranges.push({ start: offset, end: size });
  }
  return steps.length === 0 ? [{ start: 0, end: size }] : ranges;
}

const zeroes = Buffer.alloc(atOnce);

async function firstByte(file: FileHandle, { start, end }: Range, signal: AbortSignal | undefined) {
  const buffer = Buffer.allocUnsafe(Math.min(atOnce, end - start));
  for (let at = start; at < end; ) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, end - at), at);
    if (bytesRead === 0) throw new Error(`it ends at byte ${at}, before its end`);
    const part = buffer.subarray(0, bytesRead);
    if (!part.equals(zeroes.subarray(0, bytesRead))) {
      const first = part.findIndex((byte) => byte !== 0);
      return { offset: at + first, words: part.subarray(first, first + 8).toString('hex') };
    }
    at += bytesRead;
  }
  return undefined;
}
