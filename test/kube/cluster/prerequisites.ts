import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fail } from '../../../src/lib/errors.ts';
import { exec } from '../../../src/lib/exec.ts';

/** What nodes need that is not built from Go modules: a program or file, and the Debian package that has it. */
const needed: readonly { readonly package: string; readonly program?: string; readonly file?: string }[] = [
  { program: 'containerd', package: 'containerd' },
  { program: 'ctr', package: 'containerd' },
  { program: 'runc', package: 'runc' },
  { file: '/usr/lib/cni/bridge', package: 'containernetworking-plugins' },
  { file: '/bin/busybox', package: 'busybox-static' },
  { program: 'iptables', package: 'iptables' },
  { program: 'conntrack', package: 'conntrack' },
  { program: 'ip', package: 'iproute2' },
  { program: 'nsenter', package: 'util-linux' },
  { program: 'mount', package: 'mount' },
  { program: 'hostname', package: 'hostname' },
  { program: 'mkfs.xfs', package: 'xfsprogs' },
  { program: 'mkfs.ext4', package: 'e2fsprogs' },
  { program: 'kubectl', package: 'kubernetes-client' },
];

/** Installs what is missing, on a Debian-like machine; throws with what to do if that cannot be. */
export async function installPrerequisites(say: (text: string) => void): Promise<void> {
  if (process.getuid?.() !== 0) fail('permission', 'nodes need namespaces, mounts and a bridge: run this as root');
  const missing = needed.filter((one) => !isHere(one));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((one) => one.package))];
    say(`installing ${packages.join(', ')}`);
    const install = async () => {
      const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeout: 600_000 };
      await exec(['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages], options);
    };
    await install().catch(async () => {
      await exec(['apt-get', 'update', '-q'], { timeout: 600_000 });
      await install();
    });
    const left = needed.filter((one) => !isHere(one)).map(({ program, file }) => program ?? file);
    if (left.length > 0)
      fail('unsupported', `after apt-get install ${packages.join(' ')}, still missing: ${left.join(', ')}`);
  }
}

function isHere({ program, file }: { readonly program?: string; readonly file?: string }): boolean {
  return program ? findProgram(program) : existsSync(file ?? '');
}

function findProgram(name: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
