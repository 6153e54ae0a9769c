import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { passes } from '../api/controller.ts';
import type { EmbeddedApi } from '../api/embedded/embedded-api.ts';
import { requests } from '../api/kube/requests.ts';

/** So many changes leave garbage that is worth a collection. */
const muchWork = 500;
/** Milliseconds with little work after which there is time for one. */
const quiet = 4_000;
/** So much is done in that time even when nothing happens: leases are renewed. */
const fewerThan = 10;

/** Gives memory back when a burst of changes to an embedded API is over. */
export function giveMemoryBack(api: EmbeddedApi, collect = collector()): Disposable {
  return collectWhenQuiet((count) => {
    const stack = new DisposableStack();
    for (const kind of api.kinds) stack.use(api.informer(kind).onChange(count));
    return stack;
  }, collect);
}

/** The same in a process that works over an API server: requests and passes of controllers are its work. */
export function giveMemoryBackOfRole(collect = collector()): Disposable {
  return collectWhenQuiet((count) => {
    const stack = new DisposableStack();
    for (const channel of [requests, passes]) {
      channel.subscribe(count);
      stack.defer(() => channel.unsubscribe(count));
    }
    return stack;
  }, collect);
}

/**
 * Gives memory back to the machine when much work is done and things have become quiet: V8 by itself would keep what
 * a burst of work took for as long as nothing more happens. One timer runs while there is work to follow; an idle
 * process has none. `follow` has each piece of work counted.
 */
function collectWhenQuiet(followWork: (count: () => void) => Disposable, collect: () => void): Disposable {
  const stack = new DisposableStack();
  let work = 0;
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    timer = undefined;
    if (work > seen + fewerThan) return follow();
    work = 0;
    seen = 0;
    collect();
  };
  const follow = () => {
    seen = work;
    timer ??= setTimeout(look, quiet).unref();
  };
  const count = () => {
    work += 1;
    if (work >= muchWork) timer ?? follow();
  };
  stack.use(followWork(count));
  // The start itself was work, too.
  work = muchWork;
  follow();
  stack.defer(() => clearTimeout(timer));
  return stack;
}

/** Collects all garbage and releases the pages that it was on; it takes some tenths of a second. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: object) => void;
  return () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
