import type { Pki } from './pki.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

/**
 * Writes the administrator's kubeconfig, with its certificates inside, unless it is there and says just that. Throws
 * `permission` if others may read the one that is there.
 */
export async function writeKubeconfig(file: string, url: string, pki: Pki, pkiDir: string): Promise<void> {
  const text = kubeconfigOf(url, pki);
  const before = await readPrivateFile(file, `delete it and ${pkiDir} to have new ones`);
  if (before !== text) await writePrivateFile(file, text);
}

/** A kubeconfig with one context, `moorage`. */
export function kubeconfigOf(url: string, { authority, administrator }: Pki): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return `apiVersion: v1
kind: Config
clusters:
- name: moorage
  cluster:
    server: ${url}
    certificate-authority-data: ${base64(authority)}
users:
- name: moorage-administrator
  user:
    client-certificate-data: ${base64(administrator.certificate)}
    client-key-data: ${base64(administrator.key)}
contexts:
- name: moorage
  context:
    cluster: moorage
    user: moorage-administrator
    namespace: default
current-context: moorage
`;
}
