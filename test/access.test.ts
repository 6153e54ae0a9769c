import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedApi, openEmbeddedApi } from '../src/api/embedded/embedded-api.ts';
import { type ApiServer, startApiServer } from '../src/apiserver/server.ts';
import { exec } from '../src/lib/exec.ts';
import { silent } from '../src/lib/log.ts';
import { allKinds, clusterRoles, namespaces, secrets, serviceAccounts } from '../src/model/kinds/index.ts';

// Who may do what, with the real kubectl: users by --as, accounts by their tokens.
const program = process.env['KUBECTL'] ?? 'kubectl';
let dir: string;
let api: EmbeddedApi;
let server: ApiServer;

async function run(...args: string[]) {
  const { code, stdout, stderr } = await exec(
    [program, '--cache-dir', join(dir, 'cache'), '--kubeconfig', server.kubeconfigFile, ...args],
    { ok: [0, 1], timeout: 30_000 },
  );
  return { code, text: `${stdout}${stderr}`.trim() };
}

async function kubectl(...args: string[]): Promise<string> {
  const { code, text } = await run(...args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${text}`);
  return text;
}

async function apply(object: object, ...args: string[]): Promise<string> {
  const file = join(dir, 'object.json');
  await writeFile(file, JSON.stringify(object));
  return (await run('create', '-f', file, ...args)).text;
}

/** What the API says to who has a token. */
async function withToken(token: string, path: string, method = 'GET', body?: object) {
  return await new Promise<{ code: number; json: { message?: string; status?: Record<string, unknown> } }>(
    (resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const asked = request(`${server.url}${path}`, { method, headers, ca: server.authority, agent: false });
      asked.once('error', reject).once('response', (response) => {
        response.toArray().then((chunks) => {
          resolve({ code: response.statusCode ?? 0, json: JSON.parse(Buffer.concat(chunks).toString()) });
        }, reject);
      });
      asked.end(body && JSON.stringify(body));
    },
  );
}

const can = async (...args: string[]) => /^(?:yes|no)/m.exec((await run('auth', 'can-i', ...args)).text)?.[0];
const rbac = 'rbac.authorization.k8s.io/v1';
const asAnn = ['--as', 'ann', '-n', 'shop'];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-access-'));
  api = await openEmbeddedApi({ file: join(dir, 'store.db'), log: silent, kinds: allKinds });
  server = await startApiServer({ api, dir, port: 0, log: silent });
  await api.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  const metadata = { name: 'robot', namespace: 'shop' };
  await api.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
  await kubectl('create', 'rolebinding', 'ann', '--clusterrole=edit', '--user=ann', '-n', 'shop');
  await kubectl('create', 'rolebinding', 'robots', '--clusterrole=view', '--serviceaccount=shop:robot', '-n', 'shop');
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

describe('roles', () => {
  test('a binding in a namespace holds in it, and nowhere else', async () => {
    expect(await kubectl('create', 'configmap', 'mine', ...asAnn)).toContain('created');
    expect((await run('get', 'configmaps', '-A', '--as', 'ann')).text).toContain(
      'configmaps is forbidden: User "ann" cannot list resource "configmaps" in API group "" at the cluster scope',
    );
    expect(await can('create', 'mounts', ...asAnn)).toBe('yes');
    expect(await can('create', 'roles', ...asAnn)).toBe('no');
    expect(await can('get', 'pools', '--as', 'ann')).toBe('no');
    expect(await can('get', 'namespaces/shop', ...asAnn)).toBe('yes');
    expect(await kubectl('get', 'namespace', 'shop', '--as', 'ann')).toContain('Active');
  });

  test('what ClusterRoles gather follows their labels', async () => {
    const metadata = { name: 'extra', labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } };
    const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['paint'] }];
    await api.create(clusterRoles, { apiVersion: rbac, kind: 'ClusterRole', metadata, rules });
    await expect.poll(() => can('paint', 'configmaps', ...asAnn)).toBe('yes');
    await kubectl('delete', 'clusterrole', 'extra');
    await expect.poll(() => can('paint', 'configmaps', ...asAnn)).toBe('no');
  });

  test('nobody hands out what they do not have', async () => {
    await kubectl('create', 'rolebinding', 'bob', '--clusterrole=admin', '--user=bob', '-n', 'shop');
    const role = (rules: object[]) => ({
      apiVersion: rbac,
      kind: 'Role',
      metadata: { name: 'more', namespace: 'shop' },
      rules,
    });
    const far = { apiGroups: ['example.org'], resources: ['boats'], verbs: ['get', 'list'] };
    expect(await apply(role([far]), '--as', 'bob')).toContain(
      'roles.rbac.authorization.k8s.io "more" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:["example.org"], Resources:["boats"], Verbs:["get" "list"]}',
    );
    expect(
      await apply(role([{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }]), '--as', 'bob'),
    ).toContain('created');
    const bind = ['create', 'rolebinding', 'x', '--user=eve', '-n', 'shop', '--as', 'bob'];
    expect((await run(...bind, '--clusterrole=cluster-admin')).text).toContain('attempting to grant RBAC permissions');
    expect((await run(...bind, '--clusterrole=nothing')).text).toContain('"nothing" not found');
    expect((await run(...bind, '--clusterrole=view')).text).toContain('created');
  });

  test('default roles that lack something get it back at the next start, unless they are marked', async () => {
    await api.update(clusterRoles, { ...role('system:basic-user'), rules: [] });
    const mine = role('system:monitoring');
    const annotations = { 'rbac.authorization.kubernetes.io/autoupdate': 'false' };
    await api.update(clusterRoles, { ...mine, rules: [], metadata: { ...mine.metadata, annotations } });
    await server[Symbol.asyncDispose]();
    server = await startApiServer({ api, dir, port: 0, log: silent });
    expect(role('system:basic-user').rules?.length).toBeGreaterThan(0);
    expect(role('system:monitoring').rules).toEqual([]);
  });
});

function role(name: string) {
  const found = api.informer(clusterRoles).get({ name });
  if (!found) throw new Error(`no ClusterRole ${name}`);
  return found;
}

describe('as somebody else', () => {
  test('whoami says whom, and what else was asked for', async () => {
    const text = await kubectl('auth', 'whoami', '--as', 'ann', '--as-group', 'staff');
    expect(text).toMatch(/Username\s+ann/);
    expect(text).toContain('[staff system:authenticated]');
    expect(await kubectl('auth', 'whoami', '--as', 'system:serviceaccount:shop:robot')).toContain(
      'system:serviceaccounts:shop',
    );
  });

  test('who acts as somebody else needs the verb', async () => {
    const metadata = { name: 'robot', namespace: 'default' };
    const account = await api.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    const token = await kubectl('create', 'token', account.metadata.name, '-n', 'default');
    const refused = await exec(
      [
        program,
        '--server',
        server.url,
        '--insecure-skip-tls-verify',
        '--token',
        token,
        'get',
        '--raw',
        '/api/v1/nodes',
        '--as',
        'ann',
      ],
      { ok: [0, 1], env: { ...process.env, KUBECONFIG: '/dev/null', HOME: dir } as Record<string, string> },
    );
    expect(refused.stderr).toContain('cannot impersonate resource "users" in API group "" at the cluster scope');
  });

  test('what one may is listed', async () => {
    const list = await kubectl('auth', 'can-i', '--list', ...asAnn);
    expect(list).toMatch(/mounts\.moorage\.dev .*create/);
    expect(list).toContain('[/version/]');
    expect(list).not.toContain('*.*');
  });
});

describe('tokens of accounts', () => {
  const maps = '/api/v1/namespaces/shop/configmaps';
  const review = async (token: string, audiences?: string[]) => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
    const text = await kubectlRaw('/apis/authentication.k8s.io/v1/tokenreviews', body);
    return JSON.parse(text).status;
  };
  async function kubectlRaw(path: string, body: object): Promise<string> {
    const file = join(dir, 'body.json');
    await writeFile(file, JSON.stringify(body));
    return await kubectl('create', '--raw', path, '-f', file);
  }

  test('do what the account may, until it is gone', async () => {
    const token = await kubectl('create', 'token', 'robot', '-n', 'shop');
    expect((await withToken(token, maps)).code).toBe(200);
    const refused = await withToken(token, maps, 'POST', { kind: 'ConfigMap', metadata: { name: 'x' } });
    expect(refused.json.message).toContain('User "system:serviceaccount:shop:robot" cannot create');
    expect(await review(token)).toMatchObject({
      authenticated: true,
      user: {
        username: 'system:serviceaccount:shop:robot',
        groups: expect.arrayContaining(['system:serviceaccounts']),
      },
    });
    const [head, payload, signature] = token.split('.');
    for (const bad of [
      `${head}.${payload}.${signature?.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`,
      'x',
      `${head}.${payload}.`,
    ])
      expect((await withToken(bad, maps)).code).toBe(401);
    await kubectl('delete', 'serviceaccount', 'robot', '-n', 'shop');
    await kubectl('create', 'serviceaccount', 'robot', '-n', 'shop');
    expect((await withToken(token, maps)).code).toBe(401);
    expect(await review(token)).toMatchObject({ error: expect.stringContaining('has been deleted') });
  });

  test('are for an audience', async () => {
    const token = await kubectl('create', 'token', 'robot', '-n', 'shop', '--audience', 'vault');
    expect((await withToken(token, maps)).code).toBe(401);
    expect(await review(token)).toMatchObject({ error: expect.stringContaining('["vault"]') });
    expect(await review(token, ['vault', 'other'])).toMatchObject({ authenticated: true, audiences: ['vault'] });
  });

  test('end with the object that they are bound to', async () => {
    const metadata = { name: 'tied', namespace: 'shop' };
    await api.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata });
    const bound = ['--bound-object-kind', 'Secret', '--bound-object-name', 'tied'];
    const token = await kubectl('create', 'token', 'robot', '-n', 'shop', ...bound);
    expect((await withToken(token, maps)).code).toBe(200);
    await api.delete(secrets, metadata);
    expect((await withToken(token, maps)).code).toBe(401);
    expect((await run('create', 'token', 'robot', '-n', 'shop', ...bound)).text).toContain('secrets "tied" not found');
  });

  test('last for ten minutes to a day', async () => {
    const short = await run('create', 'token', 'robot', '-n', 'shop', '--duration=5m');
    expect(short.text).toContain('may not specify a duration less than 10 minutes');
    const long = await kubectl('create', 'token', 'robot', '-n', 'shop', '--duration=100h', '-o', 'json');
    expect(long).toContain('shortened to 86400 seconds');
    expect(long).toContain('"expirationSeconds": 86400');
  });
});
