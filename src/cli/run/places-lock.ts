import { closeSync, openSync } from 'node:fs';
import { fail } from '../../lib/errors.ts';
import { lockOpenFile } from './flock.ts';

/** The lock on places, until it is disposed of. Whoever inherits the descriptor keeps it until that is closed too. */
export interface PlacesLock extends Disposable {
  readonly descriptor: number;
}

/** Seconds that the lock is waited for. What is done under it takes a moment. */
const patience = 60;

/**
 * Locks the places where programs see their volumes, by a file: so that one that is found free is so until it is made,
 * and its volume bound there, or until it is gone. Throws `busy` if others keep it.
 */
export async function lockPlaces(file: string): Promise<PlacesLock> {
  const descriptor = openSync(file, 'a', 0o600);
  let isHeld = true;
  const lock = {
    descriptor,
    [Symbol.dispose]: () => {
      if (isHeld) closeSync(descriptor);
      isHeld = false;
    },
  };
  try {
    if (await lockOpenFile(descriptor, '--timeout', String(patience))) return lock;
    return fail('busy', `${file} is locked by another moorage run for long; see by which: fuser ${file}`);
  } catch (error) {
    lock[Symbol.dispose]();
    throw error;
  }
}
