import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { execCredentials } from './exec-credential.ts';

const version = 'client.authentication.k8s.io/v1';
const cluster = {
  server: 'https://c',
  authority: 'CA',
  insecure: false,
  serverName: 'name',
  config: { region: 'here' },
};
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-exec-credential-'));
  // Notes each call and what it was told; answers with the file that its first argument names.
  await writeFile(
    join(dir, 'give'),
    `#!/bin/sh\nprintf %s "$KUBERNETES_EXEC_INFO $EXTRA" >${dir}/told\necho >>${dir}/calls\nsed s/COUNT/$(wc -l <${dir}/calls)/ "$1"\n`,
  );
  await chmod(join(dir, 'give'), 0o755);
});
afterAll(() => rm(dir, { recursive: true }));

const answer = async (status: object, apiVersion = version) => {
  const file = join(dir, 'answer');
  await writeFile(file, JSON.stringify({ kind: 'ExecCredential', apiVersion, status }));
  return file;
};
const from = (file: string, more: object = {}) => {
  const fields = { apiVersion: version, command: './give', args: [file], ...more };
  return execCredentials({ what: 'the kubeconfig', dir, fields, cluster });
};
const calls = async () => (await readFile(join(dir, 'calls'), 'utf8')).length;

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test('the program is asked once for all, and again when the server did not take what it gave', async () => {
  await writeFile(join(dir, 'calls'), '');
  const credentials = from(await answer({ token: 'COUNT' }));
  const [first, same] = await Promise.all([credentials(), credentials()]);
  expect(first).toEqual(bearer('1'));
  expect(same).toBe(first);
  expect(await credentials()).toBe(first);
  // Of several requests that come back rejected one after the other, only the first asks.
  const second = await credentials(first);
  expect(second).toEqual(bearer('2'));
  expect(await credentials(first)).toBe(second);
  expect(await credentials()).toBe(second);
  expect(await calls()).toBe(2);
});

test('what has expired is asked for again, what has not is not', async () => {
  await writeFile(join(dir, 'calls'), '');
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const old = from(await answer({ token: 'COUNT', expirationTimestamp: at(-1_000) }));
  expect(await old()).toEqual(bearer('1'));
  expect(await old()).toEqual(bearer('2'));
  const current = from(await answer({ token: 'COUNT', expirationTimestamp: at(60_000) }));
  expect(await current()).toEqual(bearer('3'));
  expect(await current()).toEqual(bearer('3'));
});

test('a certificate comes with its key, and may come with a token', async () => {
  const pair = { clientCertificateData: 'CERT', clientKeyData: 'KEY' };
  const certificate = { certificate: 'CERT', key: 'KEY' };
  expect(await from(await answer(pair))()).toEqual({ certificate });
  expect(await from(await answer({ ...pair, token: 't' }))()).toEqual({ certificate, ...bearer('t') });
});

test('it is told of the cluster only where it asks to, and has the variables of the kubeconfig', async () => {
  const file = await answer({ token: 't' });
  await from(file, { env: [{ name: 'EXTRA', value: 'more' }] })();
  const told = (await readFile(join(dir, 'told'), 'utf8')).split(' ');
  expect(told[1]).toBe('more');
  expect(JSON.parse(told[0] ?? '')).toEqual({
    kind: 'ExecCredential',
    apiVersion: version,
    spec: { interactive: false },
  });
  await from(file, { provideClusterInfo: true })();
  expect(JSON.parse((await readFile(join(dir, 'told'), 'utf8')).split(' ')[0] ?? '').spec.cluster).toEqual({
    server: 'https://c',
    'tls-server-name': 'name',
    'certificate-authority-data': 'Q0E=',
    config: { region: 'here' },
  });
});

test.each<[string, object, string, string, RegExp]>([
  ['a certificate alone', { clientCertificateData: 'C' }, version, 'invalid', /a certificate without its key/],
  ['a key alone', { token: 't', clientKeyData: 'K' }, version, 'invalid', /a key without its certificate/],
  ['nothing', {}, version, 'invalid', /neither a token nor a certificate/],
  ['another version', { token: 'secret' }, 'client.authentication.k8s.io/v1beta1', 'invalid', /was asked in/],
  ['a number for a token', { token: 5 }, version, 'invalid', /no ExecCredential: status\.token/],
])('%s is no credential', async (_name, status, apiVersion, code, message) => {
  await expect(from(await answer(status, apiVersion))()).rejects.toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
});

test('a program that is not there is told of with its hint, and one that fails with its words', async () => {
  await expect(from('', { command: 'no-such-program', installHint: 'install it' })()).rejects.toMatchObject({
    code: 'unsupported',
    message:
      'asking no-such-program for credentials, as the kubeconfig says: it is not installed on this machine; install it',
  });
  await expect(from('', { command: 'sh', args: ['-c', 'echo log in first >&2; exit 1'] })()).rejects.toThrow(
    /log in first/,
  );
  await expect(from('', { command: 'echo', args: ['secret'] })()).rejects.toThrow(/^(?!.*: .*secret).*not JSON$/);
  expect(() => from('', { interactiveMode: 'Always' })).toThrow(/asks a person/);
});
