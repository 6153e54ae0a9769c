import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect } from './connection.ts';

let folder: string;
const kubeconfig = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'u', user: { token: 't' } }],
  contexts: [{ name: 'x', context: { cluster: 'c', user: 'u', namespace: 'shop' } }],
  'current-context': 'x',
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'moorage-connection-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test('KUBECONFIG may name several files, of which some are not there', async () => {
  const [there, missing] = [join(folder, 'there'), join(folder, 'missing')];
  await writeFile(there, JSON.stringify(kubeconfig));
  vi.stubEnv('MOORAGE_DATA', '');
  vi.stubEnv('KUBECONFIG', `${missing}:${there}`);
  await using api = await connect({});
  expect(api.namespace).toBe('shop');
});

test('what is not there is named, with what said so', async () => {
  const missing = join(folder, 'missing');
  vi.stubEnv('MOORAGE_DATA', '');
  vi.stubEnv('KUBECONFIG', missing);
  await expect(connect({})).rejects.toThrow(`there is no ${missing} (from KUBECONFIG): start Moorage`);
});
