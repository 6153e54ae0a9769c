import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { isCode, messageOf } from '../../lib/errors.ts';
import { exec } from '../../lib/exec.ts';
import { bad, type Check, type Finding, good, limited } from '../../lib/finding.ts';
import { packageOf } from '../../node/tools.ts';
import { findProgram } from './programs.ts';

const leastNode = 24;
/** Numbers of CAP_SYS_ADMIN and CAP_SYS_RESOURCE, capabilities(7). */
const systemAdministrator = 21n;
const systemResource = 24n;

export const nodeVersion: Check = async () =>
  Number.parseInt(process.versions.node, 10) >= leastNode
    ? good('Node.js', process.versions.node)
    : bad('Node.js', `${process.versions.node} is too old`, `install Node.js ${leastNode} or later`);

export const kernel: Check = async () => {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  const isRecent = major > 5 || (major === 5 && minor >= 4);
  return isRecent
    ? good('kernel', release())
    : limited('kernel', `${release()} is older than what Moorage is tried on`);
};

export const privileges: Check = async () => {
  if (process.getuid?.() !== 0) {
    const message =
      'not root: volumes are directories, without an enforced size, raw block, or instant snapshots where the file system has no reflink';
    return limited('privileges', message, 'run "moorage up" as root for real block volumes');
  }
  const status = await readFile('/proc/self/status', 'utf8');
  const capabilities = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  const has = (capability: bigint) => ((capabilities >> capability) & 1n) === 1n;
  const mounts = has(systemAdministrator)
    ? good('privileges', 'root, and may mount')
    : limited('privileges', 'root without CAP_SYS_ADMIN: nothing can be mounted', 'give this container CAP_SYS_ADMIN');
  const growth = has(systemResource)
    ? good('online growth', 'ext4 and XFS can grow while they are mounted')
    : limited(
        'online growth',
        'without CAP_SYS_RESOURCE the kernel does not let ext4 grow while it is mounted; XFS can',
        'use fsType: xfs in the StorageClass, or give Moorage CAP_SYS_RESOURCE',
      );
  return [mounts, growth];
};

export const fileSystems: Check = async () => {
  const known = await readFile('/proc/filesystems', 'utf8');
  const modules = await readFile(`/lib/modules/${release()}/modules.dep`, 'utf8').catch(() => '');
  return ['ext4', 'xfs'].map((name): Finding => {
    if (new RegExp(`^\\t${name}$`, 'm').test(known)) return good(`kernel ${name}`, 'is there');
    if (modules.includes(`/${name}.ko`)) return good(`kernel ${name}`, 'can be loaded');
    return limited(`kernel ${name}`, `this kernel has no ${name}`, `use volumes with another fsType than ${name}`);
  });
};

const needed = [
  'blkid',
  'losetup',
  'mount',
  'umount',
  'mkfs.ext4',
  'e2fsck',
  'resize2fs',
  'mkfs.xfs',
  'xfs_growfs',
  'xfs_admin',
  'xfs_io',
  'unshare',
  'setpriv',
  'flock',
];

export const programs: Check = async () => {
  const missing: string[] = [];
  for (const name of needed) if (!(await findProgram(name))) missing.push(name);
  const packages = [...new Set(missing.map((name) => packageOf[name] ?? 'util-linux'))].sort();
  const asRoot = process.getuid?.() === 0;
  const tools =
    missing.length === 0
      ? good('programs', `${needed.length} of ${needed.length} are there`)
      : (asRoot ? bad : limited)('programs', `missing: ${missing.join(', ')}`, `apt install ${packages.join(' ')}`);
  const kubectl = process.env['KUBECTL'] ?? (await findProgram('kubectl'));
  return [
    tools,
    kubectl
      ? good('kubectl', kubectl)
      : limited('kubectl', 'is not there; moorage itself does without it', 'apt install kubernetes-client'),
  ];
};

export const namespaces: Check = async () => {
  if (process.getuid?.() !== 0) {
    return limited(
      'moorage run',
      'without root, claims appear to programs as symbolic links, not in a namespace of their own',
    );
  }
  try {
    await exec(['unshare', '--mount', '--propagation', 'slave', 'true'], { timeout: 5_000 });
    return good('moorage run', 'programs get mount namespaces of their own');
  } catch (error) {
    const next = isCode(error, 'unsupported') ? 'apt install util-linux' : 'allow unshare(2) in this container';
    return limited('moorage run', `mount namespaces can't be made: ${messageOf(error)}`, next);
  }
};
