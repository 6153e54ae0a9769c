import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Log } from '../../lib/log.ts';
import { type KeyPair, makeCertificate, type Purpose } from './certificates.ts';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

/** The certificates of a server: who signs, what it shows, and what its administrator shows. */
export interface Pki {
  /** The authority's certificate, PEM. Its key stays on disk. */
  readonly authority: string;
  readonly server: KeyPair;
  readonly administrator: KeyPair;
}

/** The group whose members may do everything, as in Kubernetes. */
export const administrators = 'system:masters';

const renewBefore = 30 * 86_400_000;

/**
 * Reads the certificates of `dir`, and makes those that are missing, near their end, not valid yet (the clock was ahead
 * when they were made), or made for other names. Each file holds a certificate and its key, so that no crash leaves one without the other. Throws `permission` if others
 * may read them.
 */
export async function ensurePki({
  dir,
  host,
  log,
}: {
  readonly dir: string;
  readonly host: string;
  readonly log: Log;
}): Promise<Pki> {
  const ensure = async (name: string, purpose: Purpose, authority?: KeyPair): Promise<KeyPair> => {
    const file = join(dir, `${name}.pem`);
    const found = parse(await readPrivateFile(file, `delete ${dir} to have new ones, and use the new kubeconfig`));
    if (found && serves(found, purpose, authority)) return found;
    const made = await makeCertificate(purpose, authority);
    await writePrivateFile(file, made.certificate + made.key);
    log.info({ certificate: name }, 'certificate made');
    return made;
  };
  const authority = await ensure('authority', { kind: 'authority', commonName: 'moorage-authority' });
  const names = [...new Set(['127.0.0.1', '::1', 'localhost', hostname(), ...(isWildcard(host) ? [] : [host])])];
  return {
    authority: authority.certificate,
    server: await ensure('server', { kind: 'server', commonName: 'moorage', names }, authority),
    administrator: await ensure(
      'administrator',
      { kind: 'client', commonName: 'moorage-administrator', organization: administrators },
      authority,
    ),
  };
}

/** True if all of them are valid now, and will be for a while. */
export function areCurrent({ authority, server, administrator }: Pki): boolean {
  return [authority, server.certificate, administrator.certificate].every((it) => isCurrent(new X509Certificate(it)));
}

/** True for the addresses that mean: all of them. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '';
}

function parse(text: string | undefined): KeyPair | undefined {
  const certificate = /-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?/s.exec(text ?? '')?.[0];
  const key = /-----BEGIN PRIVATE KEY-----.+?-----END PRIVATE KEY-----\n?/s.exec(text ?? '')?.[0];
  return certificate && key ? { certificate, key } : undefined;
}

function serves(pair: KeyPair, purpose: Purpose, authority: KeyPair | undefined): boolean {
  try {
    const certificate = new X509Certificate(pair.certificate);
    if (!isCurrent(certificate)) return false;
    if (!certificate.checkPrivateKey(createPrivateKey(pair.key))) return false;
    if (authority && !certificate.verify(new X509Certificate(authority.certificate).publicKey)) return false;
    return purpose.kind !== 'server' || purpose.names.every((name) => coversName(certificate, name));
  } catch {
    return false;
  }
}

function isCurrent({ validFrom, validTo }: X509Certificate): boolean {
  const now = Date.now();
  return Date.parse(validFrom) <= now && now < Date.parse(validTo) - renewBefore;
}

function coversName(certificate: X509Certificate, name: string): boolean {
  return (isIP(name) ? certificate.checkIP(name) : certificate.checkHost(name)) !== undefined;
}
