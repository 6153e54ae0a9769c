import { spawnSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const what = 'kubernetes==33.1.0';

/** Where the Kubernetes client for Python goes: beside what the machine has itself. */
export const pythonClient = fileURLToPath(new URL(`../.cache/python/${what}`, import.meta.url));

/** Installs it where it is not there yet. Throws with pip's last words. */
export function installPythonClient(): void {
  if (existsSync(pythonClient)) return;
  // Half of it is never taken for all of it.
  const made = `${pythonClient}.new`;
  rmSync(made, { recursive: true, force: true });
  const options = ['--quiet', '--disable-pip-version-check', '--root-user-action=ignore', '--target', made];
  const { status, stderr, error } = spawnSync('python3', ['-m', 'pip', 'install', ...options, what], {
    encoding: 'utf8',
    timeout: 280_000,
  });
  if (status !== 0) throw new Error(`python3 -m pip install ${what}: ${(stderr || error?.message || '').slice(-500)}`);
  renameSync(made, pythonClient);
}
