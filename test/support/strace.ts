import { exec } from '../../src/lib/exec.ts';

/** Whether strace(1) is here, and may look into programs: not so in every container. */
export async function hasStrace(): Promise<boolean> {
  return exec(['strace', '-qq', '-o', '/dev/null', 'true']).then(
    () => true,
    () => false,
  );
}
