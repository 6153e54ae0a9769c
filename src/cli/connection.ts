import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubeApi } from '../api/kube/index.ts';
import { fail } from '../lib/errors.ts';
import { dataDirectory } from './flags/data-directory.ts';

/** The options of every verb that talks to the API. */
export interface ConnectionOptions {
  readonly data?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

/** Which kubeconfig a verb uses, and what said so. */
export function kubeconfigPath(options: ConnectionOptions, env = process.env): { file: string; from: string } {
  if (options.kubeconfig) return { file: options.kubeconfig, from: '--kubeconfig' };
  if (!options.data && !env['MOORAGE_DATA'] && env['KUBECONFIG']) {
    return { file: env['KUBECONFIG'], from: 'KUBECONFIG' };
  }
  return { file: join(dataDirectory(options.data), 'kubeconfig'), from: 'the data directory' };
}

/**
 * Connects to the API: in a pod to that of its cluster, unless a kubeconfig is named. Throws `not-ready` if Moorage has never
 * run there, `permission` if that is not ours to read.
 */
export async function connect(options: ConnectionOptions): Promise<KubeApi> {
  const named = options.kubeconfig || options.data || process.env['KUBECONFIG'] || process.env['MOORAGE_DATA'];
  if (!named && process.env['KUBERNETES_SERVICE_HOST']) {
    const { inClusterConnection, openKubeApi } = await import('../api/kube/index.ts');
    return openKubeApi({ connection: inClusterConnection() });
  }
  const { file, from } = kubeconfigPath(options);
  await requireReadable(file, from);
  const { connectKube } = await import('../api/kube/index.ts');
  return connectKube({ kubeconfig: file, ...(options.context ? { context: options.context } : {}) });
}

/** Throws unless one of the files can be read: the variable may have several, with colons between them, as kubectl has it. */
async function requireReadable(file: string, from: string): Promise<void> {
  const files = from === 'KUBECONFIG' ? file.split(':').filter(Boolean) : [file];
  const errors = await Promise.all(files.map((it) => access(it).then(() => undefined, asErrno)));
  if (errors.includes(undefined)) return;
  const denied = errors.find((error) => error?.code === 'EACCES');
  if (denied) {
    fail(
      'permission',
      `${file} (from ${from}) is not yours to read: run this as the user that runs "moorage up"`,
      denied,
    );
  }
  const remedy = 'start Moorage with "moorage up", or name another one with --data or --kubeconfig';
  fail('not-ready', `there is no ${file} (from ${from}): ${remedy}`, errors[0]);
}

function asErrno(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  return error;
}

/** The namespace of a verb: the one that was named, else that of the kubeconfig. */
export function namespaceOf(options: ConnectionOptions, api: KubeApi): string {
  return options.namespace ?? api.namespace;
}
