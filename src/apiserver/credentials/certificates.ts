import { isIP } from 'node:net';

/** A certificate and its private key, each as PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What a certificate is for. */
export type Purpose =
  | { readonly kind: 'authority'; readonly commonName: string }
  | { readonly kind: 'server'; readonly commonName: string; readonly names: readonly string[] }
  | {
      readonly kind: 'client';
      readonly commonName: string;
      readonly organization: string;
      /** Milliseconds; default: a year. */
      readonly lifetime?: number;
    };

const day = 86_400_000;
const lifetimes = { authority: 3_650 * day, server: 365 * day, client: 365 * day };
/** Clocks differ: a new certificate is valid from a little before now. */
const leeway = 3_600_000;

/** Makes a certificate with a new ECDSA P-256 key, signed by the authority, or by itself for an authority. */
export async function makeCertificate(purpose: Purpose, authority?: KeyPair): Promise<KeyPair> {
  // Only who makes certificates pays for loading what makes them.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const { webcrypto } = await import('node:crypto');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const subject = [{ CN: [purpose.commonName] }, ...(purpose.kind === 'client' ? [{ O: [purpose.organization] }] : [])];
  const now = Date.now();
  const lifetime = (purpose.kind === 'client' ? purpose.lifetime : undefined) ?? lifetimes[purpose.kind];
  const issuer = authority && new x509.X509Certificate(authority.certificate);
  const signingKey = authority
    ? await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(authority.key), algorithm, false, [
        'sign',
      ])
    : keys.privateKey;
  const extensions = [
    new x509.BasicConstraintsExtension(purpose.kind === 'authority', undefined, true),
    new x509.KeyUsagesExtension(usagesOf(purpose, x509.KeyUsageFlags), true),
    await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ...(purpose.kind === 'authority' ? [] : [new x509.ExtendedKeyUsageExtension([extendedUsages[purpose.kind]])]),
    ...(issuer ? [await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey)] : []),
    ...(purpose.kind === 'server' ? [new x509.SubjectAlternativeNameExtension(purpose.names.map(nameOf))] : []),
  ];
  const certificate = await x509.X509CertificateGenerator.create({
    subject: new x509.Name(subject).toString(),
    issuer: issuer ? issuer.subject : new x509.Name(subject).toString(),
    notBefore: new Date(now - leeway),
    notAfter: new Date(now + lifetime),
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: algorithm,
    extensions,
  });
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate: `${certificate.toString('pem')}\n`,
    key: `${x509.PemConverter.encode(privateKey, 'PRIVATE KEY')}\n`,
  };
}

/** RFC 5280, section 4.2.1.12. */
const extendedUsages = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' };

function usagesOf(
  purpose: Purpose,
  flags: { readonly digitalSignature: number; readonly keyCertSign: number; readonly cRLSign: number },
) {
  return purpose.kind === 'authority' ? flags.keyCertSign | flags.cRLSign : flags.digitalSignature;
}

function nameOf(value: string): { readonly type: 'ip' | 'dns'; readonly value: string } {
  return { type: isIP(value) ? 'ip' : 'dns', value };
}
