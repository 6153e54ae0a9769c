import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { join } from 'node:path';
import { readPrivateFile, writePrivateFile } from '../../credentials/private-file.ts';

/** What signs and checks tokens, ECDSA P-256 with SHA-256 (ES256 of RFC 7518). */
export interface TokenKey {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Characters of the longest token that is looked at. */
const longestToken = 8_192;

/** Reads the key of a server's tokens, or makes it. Throws `permission` if others may read it. */
export async function ensureTokenKey(dir: string): Promise<TokenKey> {
  const file = join(dir, 'tokens.pem');
  const found = await readPrivateFile(
    file,
    'delete it to have a new one; tokens that it has signed are worth nothing then',
  );
  if (found) return keyOf(createPrivateKey(found));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writePrivateFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return keyOf(privateKey);
}

function keyOf(privateKey: KeyObject): TokenKey {
  const publicKey = createPublicKey(privateKey);
  const id = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url');
  return { id, privateKey, publicKey };
}

/** The claims as a signed token (RFC 7519). */
export function signToken({ id, privateKey }: TokenKey, claims: object): string {
  const signed = `${encoded({ alg: 'ES256', kid: id })}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

/** The claims of a token that this key has signed; undefined for every other text. What they say is not looked at. */
export function verifiedClaims({ id, publicKey }: TokenKey, token: string): unknown {
  if (token.length > longestToken) return undefined;
  const [header = '', payload = '', signature = '', ...more] = token.split('.');
  if (more.length > 0 || !signature) return undefined;
  const { alg, kid } = (decoded(header) ?? {}) as { readonly alg?: unknown; readonly kid?: unknown };
  if (alg !== 'ES256' || kid !== id) return undefined;
  const bytes = Buffer.from(signature, 'base64url');
  const isGood = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    bytes,
  );
  return isGood ? decoded(payload) : undefined;
}

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function decoded(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString());
  } catch {
    return undefined;
  }
}
