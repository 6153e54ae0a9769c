import { fail } from '../lib/errors.ts';

/** Throws `not-ready`: a pool of that name is not open here. */
export function failNotOpen(pool: string): never {
  return fail('not-ready', `pool ${pool} is not open on this machine; "kubectl describe pool ${pool}" says why`);
}
