import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, hostname, networkInterfaces, release, totalmem } from 'node:os';
import type { Node } from '../../model/kinds/index.ts';
import { servedVersion } from '../../model/served-version.ts';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

/** The processor, as Kubernetes names it. */
export const architecture = architectures[arch()] ?? arch();

/**
 * What a Node says of this machine. Every text of `nodeInfo` is there, since typed clients refuse a Node without one;
 * those of programs that are not here are empty. No containers run here, so it has room for no pods.
 */
export async function machineStatus(): Promise<NonNullable<Node['status']>> {
  const [machineID = '', bootID = '', osRelease = '', uuid = ''] = await Promise.all(
    [
      '/etc/machine-id',
      '/proc/sys/kernel/random/boot_id',
      '/etc/os-release',
      // For root alone.
      '/sys/class/dmi/id/product_uuid',
    ].map((file) => readFile(file, 'utf8').catch(() => '')),
  );
  const room = { cpu: String(availableParallelism()), memory: `${Math.floor(totalmem() / 1024)}Ki`, pods: '0' };
  return {
    addresses: [
      { type: 'InternalIP', address: firstAddress() },
      { type: 'Hostname', address: hostname() },
    ],
    capacity: room,
    allocatable: room,
    nodeInfo: {
      architecture,
      operatingSystem: 'linux',
      kernelVersion: release(),
      osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? 'Linux',
      machineID: machineID.trim(),
      systemUUID: uuid.trim() || machineID.trim(),
      bootID: bootID.trim(),
      kubeletVersion: servedVersion,
      kubeProxyVersion: '',
      containerRuntimeVersion: '',
    },
  };
}

/** The first address by which other machines may reach this one; its own where it has no other. */
function firstAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const outside = all.filter(({ internal, address }) => !internal && !address.startsWith('fe80'));
  return (outside.find(({ family }) => family === 'IPv4') ?? outside[0])?.address ?? '127.0.0.1';
}
