import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inClusterConnection } from './in-cluster.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-pod-'));
  await writeFile(join(dir, 'ca.crt'), 'CA');
  await writeFile(join(dir, 'namespace'), 'moorage\n');
});

afterAll(() => rm(dir, { recursive: true }));

const pod = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '6443' };

test('outside of a pod, or in one without a token, it says what to do', () => {
  expect(() => inClusterConnection({}, dir)).toThrow(/KUBERNETES_SERVICE_HOST is not set.*--kubeconfig/);
  expect(() => inClusterConnection(pod, join(dir, 'nothing'))).toThrow(/no .*nothing\/token/);
});

test('a pod speaks to its cluster as its service account, in its namespace', async () => {
  await writeFile(join(dir, 'token'), 'first\n');
  const connection = inClusterConnection(pod, dir);
  expect(connection).toMatchObject({ server: 'https://10.96.0.1:6443', namespace: 'moorage', authority: 'CA' });
  expect(inClusterConnection({ ...pod, KUBERNETES_SERVICE_HOST: 'fd00::1' }, dir).server).toBe(
    'https://[fd00::1]:6443',
  );
});

test('a token that was renewed is read again when the server rejects the old one', async () => {
  await writeFile(join(dir, 'token'), 'first\n');
  const { credentials } = inClusterConnection(pod, dir);
  const first = await credentials();
  expect(first).toEqual({ authorization: 'Bearer first' });
  expect(credentials(first)).toBe(first);
  await writeFile(join(dir, 'token'), 'second\n');
  expect(credentials()).toBe(first);
  expect(credentials(first)).toEqual({ authorization: 'Bearer second' });
  expect(credentials()).toEqual({ authorization: 'Bearer second' });
  expect(credentials(first)).toBe(await credentials());
});
