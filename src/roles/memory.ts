import { type Channel, channel } from 'node:diagnostics_channel';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { passes } from '../api/controller.ts';
import { requests } from '../api/kube/requests.ts';

export interface MemoryOptions {
  /** Where work is told of. Default: what this process is asked, what it asks, and passes of controllers. */
  readonly work?: readonly Channel[];
  /** Milliseconds with little work after which there is time for a collection. */
  readonly quiet?: number;
  /** Collects all garbage and releases the pages that it was on. */
  readonly collect?: () => void;
}

/** So much is done in the quiet time even when nothing happens: leases are renewed. */
const fewerThan = 10;
/** So many bytes of pages, more than the last collection left, are worth the next one. */
const worthIt = 10 * 2 ** 20;
/** Told by Node.js itself. */
const asked = channel('http.server.request.start');

/**
 * Gives memory back to the machine when work is done and things have become quiet: V8 by itself would keep what a burst
 * of work took for as long as nothing more happens. One timer runs while there is work to follow; an idle process has
 * none.
 */
export function giveMemoryBack(options: MemoryOptions = {}): Disposable {
  const { work = [asked, requests, passes], quiet = 4_000, collect = collector() } = options;
  const stack = new DisposableStack();
  let done = 0;
  let left = 0;
  let timer: NodeJS.Timeout | undefined;
  const follow = () => {
    done = 0;
    timer = setTimeout(look, quiet).unref();
  };
  const look = () => {
    timer = undefined;
    if (done >= fewerThan) return follow();
    if (pages() < left + worthIt) return;
    collect();
    left = pages();
  };
  const count = () => {
    done += 1;
    timer ?? follow();
  };
  for (const each of work) {
    each.subscribe(count);
    stack.defer(() => each.unsubscribe(count));
  }
  stack.defer(() => clearTimeout(timer));
  // The start itself was work, too.
  follow();
  return stack;
}

/** Bytes of memory that V8's heap takes of the machine. */
function pages(): number {
  return getHeapStatistics().total_physical_size;
}

/** It takes some tenths of a second. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  return () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
