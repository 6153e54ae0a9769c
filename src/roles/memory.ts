import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { EmbeddedApi } from '../api/embedded/embedded-api.ts';

/** So many changes leave garbage that is worth a collection. */
const muchWork = 500;
/** Milliseconds without a change after which there is time for one. */
const quiet = 4_000;

/**
 * Gives memory back to the machine when much work is done and things have become quiet: V8 by itself would keep what
 * a burst of work took for as long as nothing more happens. One timer runs while there is work to follow; an idle
 * process has none.
 */
export function giveMemoryBack(api: EmbeddedApi, collect = collector()): Disposable {
  const stack = new DisposableStack();
  let work = 0;
  let seen = 0;
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    timer = undefined;
    if (work > seen) return follow();
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
  for (const kind of api.kinds) stack.use(api.informer(kind).onChange(count));
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
