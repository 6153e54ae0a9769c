import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silent } from '../../lib/log.ts';
import { areCurrent, ensurePki, type Pki } from './pki.ts';

const hour = 3_600_000;
const day = 24 * hour;
let dir: string;
const pkiAt = async (offset: number): Promise<Pki> => {
  vi.setSystemTime(Date.now() + offset);
  return await ensurePki({ dir, host: '127.0.0.1', log: silent });
};
const allOf = ({ authority, server, administrator }: Pki) => [authority, server.certificate, administrator.certificate];

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-pki-'));
  vi.useFakeTimers({ toFake: ['Date'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(dir, { recursive: true, force: true });
});

test('certificates are kept as long as they serve', async () => {
  const first = await pkiAt(0);
  expect(await pkiAt(300 * day)).toEqual(first);
});

test('a certificate near its end is made anew, under the same authority', async () => {
  const first = await pkiAt(0);
  const second = await pkiAt(340 * day);
  expect(second.authority).toBe(first.authority);
  expect(second.server).not.toEqual(first.server);
  expect(second.administrator).not.toEqual(first.administrator);
});

test.each([3 * hour, 400 * day])(
  'what a clock that was %d ms ahead has made is made anew, all of it',
  async (ahead) => {
    const first = await pkiAt(ahead);
    expect(areCurrent(first)).toBe(true);
    vi.setSystemTime(Date.now() - ahead);
    expect(areCurrent(first)).toBe(false);
    const second = await pkiAt(0);
    expect(areCurrent(second)).toBe(true);
    const authority = new X509Certificate(second.authority);
    for (const pem of allOf(second)) {
      const certificate = new X509Certificate(pem);
      expect(Date.parse(certificate.validFrom)).toBeLessThanOrEqual(Date.now());
      expect(certificate.verify(authority.publicKey)).toBe(true);
      expect(allOf(first)).not.toContain(pem);
    }
  },
);

test('certificates of a clock that was behind serve on if they still can, and are made anew if not', async () => {
  const first = await pkiAt(-100 * day);
  expect(await pkiAt(100 * day)).toEqual(first);
  const second = await pkiAt(-4_000 * day);
  expect(areCurrent(await pkiAt(4_000 * day))).toBe(true);
  expect(second).not.toEqual(first);
});
