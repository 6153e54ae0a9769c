import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConnection } from './kubeconfig.ts';

let dir: string;

const config = (user: string, more = '') => `
apiVersion: v1
kind: Config
current-context: first
clusters:
- name: c
  cluster: {server: 'https://[::1]:1/', certificate-authority: ca.crt${more}}
users:
- name: u
  user: ${user}
contexts:
- name: first
  context: {cluster: c, user: u}
- name: second
  context: {cluster: c, user: u, namespace: team}
- name: broken
  context: {cluster: nothing, user: u}
`;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-kubeconfig-'));
  await writeFile(join(dir, 'ca.crt'), 'CA');
  await writeFile(join(dir, 'token'), 'old\n');
  await writeFile(
    join(dir, 'certificate'),
    config(`{client-certificate-data: ${btoa('CERT')}, client-key-data: ${btoa('KEY')}}`),
  );
  await writeFile(join(dir, 'tokens'), config('{tokenFile: token}', ', insecure-skip-tls-verify: true'));
  await writeFile(join(dir, 'provider'), config('{auth-provider: {name: x}}'));
  await writeFile(join(dir, 'plugin'), config('{exec: {command: x}}'));
  await writeFile(join(dir, 'nonsense'), 'a: [');
});

afterAll(() => rm(dir, { recursive: true }));

const load = (name: string, context?: string) => loadConnection({ kubeconfig: join(dir, name), context });

test('certificates from data, files beside the kubeconfig, the namespace of the context', () => {
  expect(load('certificate')).toMatchObject({
    server: 'https://[::1]:1',
    namespace: 'default',
    authority: 'CA',
    certificate: 'CERT',
    key: 'KEY',
    insecure: false,
  });
  expect(load('certificate').credentials()).toEqual({});
  expect(load('certificate', 'second').namespace).toBe('team');
});

test('a token file is read anew each time', async () => {
  const { credentials, insecure } = load('tokens');
  expect(insecure).toBe(true);
  const old = await credentials();
  expect(old).toEqual({ authorization: 'Bearer old' });
  expect(credentials(old)).toBe(old);
  await writeFile(join(dir, 'token'), 'new\n');
  expect(credentials(old)).toEqual({ authorization: 'Bearer new' });
});

test('of several files, the first that says something wins, and absent ones do not matter', () => {
  const files = ['absent', 'certificate', 'tokens'].map((name) => join(dir, name)).join(':');
  expect(loadConnection({ kubeconfig: files })).toMatchObject({ certificate: 'CERT', insecure: false });
});

test.each([
  ['absent', undefined, 'not-found', /moorage up/],
  ['nonsense', undefined, 'invalid', /nonsense/],
  ['certificate', 'third', 'invalid', /no context "third"/],
  ['certificate', 'broken', 'invalid', /no cluster "nothing"/],
  ['plugin', undefined, 'invalid', /"exec" is not as it should be.*apiVersion/s],
  ['provider', undefined, 'unsupported', /"auth-provider"/],
])('%s, context %s: %s', (name, context, code, message) => {
  expect(() => load(name, context)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
});
