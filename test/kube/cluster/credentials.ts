import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { stringify } from 'yaml';
import { type KeyPair, makeCertificate } from '../../../src/apiserver/credentials/certificates.ts';
import type { Layout } from './layout.ts';

/** Makes the cluster's authority, and the key that service account tokens are signed with, once. */
export async function makeAuthority(layout: Layout): Promise<KeyPair> {
  const authority = await kept(layout, 'ca', () => makeCertificate({ kind: 'authority', commonName: 'moorage-kube' }));
  await kept(layout, 'service-accounts', () => makeCertificate({ kind: 'authority', commonName: 'service-accounts' }));
  return authority;
}

/** Makes the certificate of a server, once, as `name.crt` and `name.key` among the cluster's keys. */
export async function makeServer(layout: Layout, name: string, names: readonly string[]): Promise<void> {
  const authority = await makeAuthority(layout);
  await kept(layout, name, () => makeCertificate({ kind: 'server', commonName: name, names }, authority));
}

/** Makes a user's certificate and a kubeconfig with it, once, and returns the kubeconfig's path. */
export async function makeUser(
  layout: Layout,
  name: string,
  user: { readonly commonName: string; readonly organization: string },
  server: string,
): Promise<string> {
  const authority = await makeAuthority(layout);
  const { certificate, key } = await kept(layout, `user-${name}`, () =>
    makeCertificate({ kind: 'client', ...user }, authority),
  );
  const path = name === 'admin' ? layout.adminKubeconfig : layout.config(`${name}.kubeconfig`);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  await write(
    path,
    stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'moorage-kube', cluster: { server, 'certificate-authority-data': base64(authority.certificate) } },
      ],
      users: [{ name, user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) } }],
      contexts: [{ name: 'moorage-kube', context: { cluster: 'moorage-kube', user: name } }],
      'current-context': 'moorage-kube',
    }),
  );
  return path;
}

/** Writes a file, its folder too, that only its owner reads: whole or not at all. */
export async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${randomUUID()}`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, path);
}

async function kept(layout: Layout, name: string, make: () => Promise<KeyPair>): Promise<KeyPair> {
  const [certificate, key] = [layout.pki(`${name}.crt`), layout.pki(`${name}.key`)];
  // The key is written last, so where it is, both are.
  if (!existsSync(key)) {
    const made = await make();
    await write(certificate, made.certificate);
    await write(key, made.key);
  }
  return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') };
}
