/** What work grows with: how to make an input of a size, and what to do with it. */
export interface Work<T> {
  readonly make: (size: number) => T;
  readonly run: (input: T) => unknown;
  /** Inputs are not made larger than this. */
  readonly upTo: number;
}

const parts = 32;
/** Microseconds: the kernel counts a thread's time in steps of up to some milliseconds. */
const enough = 25_000;

/** What `growth` stays below where the cost is linear; caches and garbage collection make one large input dearer. */
export const linear = 10;

/**
 * How many times more processor time one large input takes than 32 inputs of a 32th of its size: about 1 for what is
 * linear, 32 for what is quadratic. It is this thread's own time, so that a busy machine changes little. The size is
 * one at which there is something to measure; what is quick even at `upTo` is tried several times.
 */
export function growth<T>(work: Work<T>): number {
  const small = (size: number, times: number) => cost(work, size / parts, parts * times);
  let size = Math.min(4_096, work.upTo);
  let before = small(size, 1);
  while (size < work.upTo && before < enough) {
    size = Math.min(size * 2, work.upTo);
    before = small(size, 1);
  }
  const times = Math.ceil(enough / Math.max(before, enough / 10));
  const ratios = [1, 2, 3].map(() => cost(work, size, times) / Math.max(small(size, times), enough / 10));
  return Math.min(...ratios);
}

/** Microseconds of the processor. */
function cost<T>({ make, run }: Work<T>, size: number, inputs: number): number {
  const all = Array.from({ length: inputs }, () => make(Math.ceil(size)));
  const before = process.threadCpuUsage();
  for (const input of all) {
    try {
      run(input);
    } catch {
      // A refusal costs, too.
    }
  }
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}
