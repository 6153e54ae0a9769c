import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fail } from '../../lib/errors.ts';

/**
 * Locks an open file (flock(2)), and says whether that was possible. `how` is what flock(1) is told. The lock belongs to
 * the open file: who inherits the descriptor has it too, until the last one has closed it.
 */
export async function lockOpenFile(descriptor: number, ...how: readonly string[]): Promise<boolean> {
  const flock = spawn('flock', ['--exclusive', ...how, '3'], { stdio: ['ignore', 'ignore', 'ignore', descriptor] });
  const code = await once(flock, 'exit').then(
    ([exit]) => exit as number | null,
    () => fail('unsupported', 'flock is not installed on this machine: install util-linux'),
  );
  return code === 0;
}
