import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { connectKube, loadConnection } from '../../src/api/kube/index.ts';
import { makeCertificate } from '../../src/apiserver/credentials/certificates.ts';
import { configMaps, namespaces } from '../../src/model/kinds/core.ts';
import { openServed, type Served } from './served.ts';

// The kubeconfigs that managed clusters give name a program for credentials: here real programs of these names.
const v1 = 'client.authentication.k8s.io/v1';
const v1beta1 = 'client.authentication.k8s.io/v1beta1';
const users = {
  'EKS: aws eks update-kubeconfig': {
    apiVersion: v1beta1,
    command: 'aws',
    args: ['--region', 'eu-west-1', 'eks', 'get-token', '--cluster-name', 'c', '--output', 'json'],
    env: [{ name: 'AWS_PROFILE', value: 'work' }],
  },
  'GKE: gcloud container clusters get-credentials': {
    apiVersion: v1beta1,
    command: 'gke-gcloud-auth-plugin',
    installHint: 'Install gke-gcloud-auth-plugin for use with kubectl by following\n  https://cloud.google.com/x',
    provideClusterInfo: true,
  },
  'AKS: az aks get-credentials, kubelogin convert-kubeconfig': {
    apiVersion: v1,
    command: 'kubelogin',
    args: ['get-token', '--login', 'azurecli', '--server-id', '6dae42f8'],
    env: null,
    interactiveMode: 'IfAvailable',
    provideClusterInfo: false,
  },
};

let dir: string;
let served: Served;
const path = process.env['PATH'];
const open = new AsyncDisposableStack();
beforeAll(async () => {
  served = open.use(await openServed());
  dir = await mkdtemp(join(tmpdir(), 'moorage-managed-'));
  open.defer(() => rm(dir, { recursive: true }));
  process.env['PATH'] = `${dir}${delimiter}${path}`;
});
afterAll(async () => {
  process.env['PATH'] = path;
  await open.disposeAsync();
});

/** A program that notes that it was asked, and with what, and answers in the version that it is asked in. */
async function program(name: string, status: string) {
  const script = `#!/bin/sh
echo "$0 $* $AWS_PROFILE" >>${dir}/asked
case $KUBERNETES_EXEC_INFO in *v1beta1*) version=v1beta1;; *) version=v1;; esac
count=$(grep -c . ${dir}/asked)
printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/%s","status":%s}' $version ${status}
`;
  await writeFile(join(dir, name), script);
  await chmod(join(dir, name), 0o755);
  await writeFile(join(dir, 'asked'), '');
}

async function kubeconfig(server: string, authority: string, user: object): Promise<string> {
  const file = join(dir, 'kubeconfig');
  const cluster = { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { exec: user } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  await writeFile(file, stringify(config));
  return file;
}

const asked = async () => (await readFile(join(dir, 'asked'), 'utf8')).trim().split('\n').filter(Boolean);

/** A Kubernetes API that takes one token at a time, and names the namespace that is asked for. */
async function serveTokens() {
  const authority = await makeCertificate({ kind: 'authority', commonName: 'ca' });
  const pair = await makeCertificate({ kind: 'server', commonName: 'c', names: ['127.0.0.1'] }, authority);
  const taken = { token: '1' };
  const server = createServer({ cert: pair.certificate, key: pair.key }, (request, response) => {
    const isKnown = request.headers.authorization === `Bearer ${taken.token}`;
    const metadata = { name: request.url?.split('/').at(-1), resourceVersion: '1' };
    const body = isKnown ? { apiVersion: 'v1', kind: 'Namespace', metadata } : { kind: 'Status', code: 401 };
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.defer(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { server: `https://127.0.0.1:${port}`, authority: authority.certificate, taken };
}

test.each(Object.entries(users))('%s', async (_, user) => {
  await program(user.command, `"{\\"token\\":\\"$count\\"}"`);
  const { server, authority, taken } = await serveTokens();
  await using api = connectKube({ kubeconfig: await kubeconfig(server, authority, user) });
  const get = (name: string) => api.get(namespaces, { name });
  expect((await Promise.all(['a', 'b', 'c'].map(get))).map((it) => it?.metadata.name)).toEqual(['a', 'b', 'c']);
  const args = 'args' in user ? user.args.join(' ') : '';
  const profile = user.command === 'aws' ? 'work' : '';
  expect(await asked()).toEqual([`${join(dir, user.command)} ${args} ${profile}`.trimEnd()]);
  // The token was revoked: all that come back ask for one new one.
  taken.token = '2';
  await Promise.all(Array.from({ length: 20 }, (_, index) => get(`x${index}`)));
  expect(await asked()).toHaveLength(2);
  taken.token = 'none';
  await expect(get('d')).rejects.toMatchObject({ code: 'permission' });
});

test('a certificate that a program gives is that of the connection', async () => {
  const { server, authority, certificate, key } = loadConnection({ kubeconfig: served.kubeconfig });
  const status = { clientCertificateData: certificate, clientKeyData: key };
  await writeFile(join(dir, 'status'), JSON.stringify(status));
  await program('give', `"$(cat ${dir}/status)"`);
  const user = { apiVersion: v1, command: 'give', interactiveMode: 'Never' };
  const file = await kubeconfig(server, authority ?? '', user);
  await using api = connectKube({ kubeconfig: file });
  const metadata = { name: 'by-certificate', namespace: 'default' };
  await api.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: '1' } });
  expect((await api.get(configMaps, metadata))?.data).toEqual({ a: '1' });
  expect(await asked()).toHaveLength(1);
});

test('a program that is not installed is told of with the hint of the kubeconfig', async () => {
  const user = { ...users['GKE: gcloud container clusters get-credentials'], command: 'no-such-auth-plugin' };
  await using api = connectKube({ kubeconfig: await kubeconfig('https://127.0.0.1:1', '', user) });
  await expect(api.get(namespaces, { name: 'a' })).rejects.toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/no-such-auth-plugin.*is not installed on this machine; Install gke-gcloud/),
  });
});
