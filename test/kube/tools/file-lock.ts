import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail } from '../../../src/lib/errors.ts';

/**
 * Takes a lock between processes, waiting for it. A `flock` program holds it, and ends with the disposal or with this
 * process, however that ends.
 */
export async function fileLock(path: string): Promise<AsyncDisposable> {
  await mkdir(dirname(path), { recursive: true });
  // cat answers only once flock has the lock.
  const holder = spawn('flock', ['--close', path, 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'exit');
  holder.stdin.write('.');
  const answered = once(holder.stdout, 'data').then(() => true);
  if (!(await Promise.race([answered, ended.then(() => false)]))) fail('internal', `flock could not lock ${path}`);
  return {
    [Symbol.asyncDispose]: async () => {
      holder.stdin.end();
      await ended;
    },
  };
}
