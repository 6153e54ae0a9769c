import { isAbsolute, join } from 'node:path';
import { fail } from '../../../src/lib/errors.ts';

/** Where a cluster keeps everything that it has, and is found again, unless `MOORAGE_KUBE_DIR` says otherwise. */
export function defaultDirectory(): string {
  return process.env['MOORAGE_KUBE_DIR'] || '/var/lib/moorage-kube';
}

/** The directories that each node has for itself, by their names in its own folder. */
export const nodeDirectories: Readonly<Record<string, string>> = {
  run: '/run',
  kubelet: '/var/lib/kubelet',
  moorage: '/var/lib/moorage',
  containerd: '/var/lib/containerd',
  'cni-state': '/var/lib/cni',
  cni: '/etc/cni',
  pods: '/var/log/pods',
  'container-logs': '/var/log/containers',
};

/** The paths inside of a cluster's directory. */
export class Layout {
  readonly directory: string;

  constructor(directory: string) {
    if (!isAbsolute(directory))
      fail('invalid', `the directory of a cluster has to be an absolute path, not ${directory}`);
    const hidden = Object.values(nodeDirectories).find((path) => `${directory}/`.startsWith(`${path}/`));
    if (hidden) {
      fail(
        'invalid',
        `${directory} is no place for a cluster: its nodes have a ${hidden} of their own and would not see it`,
      );
    }
    this.directory = directory;
  }

  get state(): string {
    return join(this.directory, 'cluster.json');
  }
  get processes(): string {
    return join(this.directory, 'processes');
  }
  get etcd(): string {
    return join(this.directory, 'etcd');
  }
  get adminKubeconfig(): string {
    return join(this.directory, 'admin.kubeconfig');
  }
  log(process: string): string {
    return join(this.directory, 'logs', `${process}.log`);
  }
  config(name: string): string {
    return join(this.directory, 'config', name);
  }
  pki(name: string): string {
    return join(this.directory, 'pki', name);
  }
  /** A node's folder, in which its own directories lie under their names in `nodeDirectories`. */
  node(name: string, ...rest: string[]): string {
    return join(this.directory, 'nodes', name, ...rest);
  }
}
