import { fail } from '../../src/lib/errors.ts';
import { exec } from '../../src/lib/exec.ts';

/** Ensures the programs that build images. */
export async function ensureBuilders(say: (text: string) => void): Promise<void> {
  if (process.getuid?.() !== 0) fail('permission', 'the image is built as root: it is made in a chroot');
  await ensurePrograms(['buildah', 'mmdebstrap'], say);
}

/** Ensures programs whose Debian packages have the same name. As root on Debian they are installed; elsewhere it throws. */
export async function ensurePrograms(packages: readonly string[], say: (text: string) => void): Promise<void> {
  const found = await Promise.all(packages.map(isThere));
  const missing = packages.filter((_, index) => !found[index]);
  if (missing.length === 0) return;
  say(`installing ${missing.join(' and ')}`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...missing] as const;
  const { code } = await exec(install, { env, timeout: 600_000, ok: [0, 100] });
  if (code === 0) return;
  await exec(['apt-get', 'update', '-q'], { env, timeout: 600_000 });
  await exec(install, { env, timeout: 600_000 });
}

async function isThere(program: string): Promise<boolean> {
  return exec([program, '--version']).then(
    () => true,
    () => false,
  );
}
