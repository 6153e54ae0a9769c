import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedApi, openEmbeddedApi } from '../src/api/embedded/embedded-api.ts';
import { type ApiServer, startApiServer } from '../src/apiserver/index.ts';
import { silent } from '../src/lib/log.ts';
import { allKinds, events, persistentVolumeClaims, pools, storageClasses } from '../src/model/kinds/index.ts';
import { minorOf } from './support/kubectls.ts';

// The real kubectl against a server with an empty store: no controllers, so that nothing changes but what it changes.
const program = process.env['KUBECTL'] ?? 'kubectl';
/** Its commands and words are those of today; what holds for older ones is in kubectl-versions.test.ts. */
const isOld = (await minorOf(program)) < 28;
let dir: string;
let api: EmbeddedApi;
let server: ApiServer;

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawn(program, ['--cache-dir', join(dir, 'cache'), ...args], {
    env: { ...process.env, HOME: dir, KUBECONFIG: server.kubeconfigFile, ...env },
  });
}

async function run(args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = start(args, env);
  child.stdin.end(input);
  const collect = async (stream: Readable) => Buffer.concat(await stream.toArray()).toString();
  const ended = new Promise<number | null>((resolve, reject) => child.once('close', resolve).once('error', reject));
  const [code, out, err] = await Promise.all([ended, collect(child.stdout), collect(child.stderr)]);
  return { code, out, err };
}

/** Runs a command that must succeed; returns what it printed. */
async function kubectl(...args: string[]): Promise<string> {
  const { code, out, err } = await run(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${err}`);
  return out.trim();
}

/** Runs a command that must fail; returns what it complained about. */
async function refused(...args: string[]): Promise<string> {
  const { code, out, err } = await run(args);
  if (code === 0) throw new Error(`kubectl ${args.join(' ')} succeeded: ${out}`);
  return err.trim();
}

async function apply(manifest: string, ...args: string[]): Promise<Ran> {
  return await run(['apply', '-f', '-', ...args], manifest);
}

const rows = (text: string) => text.split('\n').map((line) => line.split(/\s{2,}/).filter((cell) => cell !== ''));

const claim = (name: string, size = '1Gi', labels = '{app: db}') => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}, labels: ${labels}}
spec:
  storageClassName: fast
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: ${size}}}
`;
const storageClass = (name: string) => `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: ${name}}
provisioner: csi.moorage.dev
allowVolumeExpansion: true
`;
const pool = (name: string, more = '') => `
apiVersion: moorage.dev/v1alpha1
kind: Pool
metadata: {name: ${name}}
spec: {backend: directory, overProvisioning: 2${more}}
`;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-kubectl-'));
  api = await openEmbeddedApi({ file: join(dir, 'store.db'), log: silent, kinds: allKinds });
  server = await startApiServer({ api, dir, port: 0, log: silent, metrics: async () => 'moorage_up 1\n' });
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

describe('what the server is', () => {
  test('version, health, metrics', async () => {
    expect(JSON.parse(await kubectl('version', '-o', 'json')).serverVersion.gitVersion).toMatch(
      /^v1\.34\.\d+\+moorage$/,
    );
    expect(await kubectl('get', '--raw', '/readyz')).toBe('ok');
    expect(await kubectl('get', '--raw', '/metrics')).toBe('moorage_up 1');
    // Older ones colour it, terminal or not.
    const info = stripVTControlCharacters(await kubectl('cluster-info'));
    expect(info).toContain(`Kubernetes control plane is running at ${server.url}`);
  });

  test.skipIf(isOld)('who one is and what one may', async () => {
    expect(await kubectl('auth', 'whoami')).toMatch(/moorage-administrator[\s\S]*system:masters/);
    expect(await kubectl('auth', 'can-i', 'create', 'pvc')).toBe('yes');
    expect(await kubectl('auth', 'can-i', 'get', '/metrics')).toBe('yes');
    expect(await kubectl('auth', 'can-i', '--list')).toContain('[*]');
  });

  test('every kind is found, with its short names, group and scope', async () => {
    const listed = await kubectl('api-resources', '--no-headers');
    for (const kind of allKinds) {
      const line = listed.split('\n').find((one) => one.startsWith(`${kind.plural} `) && one.endsWith(` ${kind.kind}`));
      expect(line, kind.plural).toBeDefined();
      expect(line).toContain(String(kind.namespaced));
      if (kind.shortNames.length > 0) expect(line).toContain(kind.shortNames.join(','));
    }
    expect((await kubectl('api-versions')).split('\n')).toEqual(
      expect.arrayContaining(['v1', 'storage.k8s.io/v1', 'snapshot.storage.k8s.io/v1', 'moorage.dev/v1alpha1']),
    );
  });

  test.skipIf(isOld)('every kind can be listed, explained and described', async () => {
    for (const kind of allKinds) {
      const name = kind.group ? `${kind.plural}.${kind.group}` : kind.plural;
      await kubectl('get', name, '-A');
      expect(await kubectl('explain', name), name).toContain(`KIND:       ${kind.kind}`);
    }
    expect(await kubectl('explain', 'pool.spec.backend')).toMatch(
      /auto\s+image\s+directory[\s\S]*How volumes are carved/,
    );
    expect(await kubectl('explain', 'pvc.spec', '--recursive')).toMatch(
      /resources\t<VolumeResourceRequirements>\n {4}limits\t<map\[string\]Quantity>/,
    );
    expect(await kubectl('explain', 'pvc.spec')).toMatch(
      /accessModes\t<\[\]string>\n +accessModes contains the desired/,
    );
    expect(await kubectl('explain', 'pv.spec.csi')).toMatch(
      /driver\t<string> -required-\n +driver is the name of the driver/,
    );
    expect(await refused('explain', 'pvc.spec.nothing')).toContain('field "nothing" does not exist');
  });
});

describe('apply', () => {
  test('creates, then finds nothing to do, then changes what differs', async () => {
    const manifest = [storageClass('fast'), claim('data'), pool('main')].join('---\n');
    expect((await apply(manifest)).out.match(/created/g)).toHaveLength(3);
    expect((await apply(manifest)).out.match(/unchanged/g)).toHaveLength(3);
    const more = [claim('data', '1Gi', '{app: db, tier: gold}'), pool('main', ', reserve: 1Gi')].join('---\n');
    expect((await apply(more)).out.match(/configured/g)).toHaveLength(2);
    expect((await api.get(persistentVolumeClaims, { namespace: 'default', name: 'data' }))?.metadata.labels).toEqual({
      app: 'db',
      tier: 'gold',
    });
    expect((await api.get(pools, { name: 'main' }))?.spec.reserve).toBe('1Gi');
    // What the manifest no longer names goes.
    await apply([claim('data'), pool('main')].join('---\n'));
    expect((await api.get(persistentVolumeClaims, { namespace: 'default', name: 'data' }))?.metadata.labels).toEqual({
      app: 'db',
    });
    expect((await api.get(pools, { name: 'main' }))?.spec.reserve).toBeUndefined();
  });

  test.skipIf(isOld)('validation: strict refuses what is unknown, warn says so, ignore is silent', async () => {
    const bad = pool('bad', ', colour: red');
    const strict = await apply(bad);
    expect(strict.code).toBe(1);
    expect(strict.err).toContain('strict decoding error: unknown field "spec.colour"');
    expect(await api.get(pools, { name: 'bad' })).toBeUndefined();
    expect((await apply(bad, '--validate=warn', '--dry-run=server')).err).toContain(
      'Warning: unknown field "spec.colour"',
    );
    const ignored = await apply(bad, '--validate=ignore');
    expect(ignored).toMatchObject({ code: 0, err: '' });
    expect((await api.get(pools, { name: 'bad' }))?.spec).not.toHaveProperty('colour');
    await kubectl('delete', 'pool', 'bad');
  });

  test('an invalid object is refused with each field that is wrong', async () => {
    const { code, err } = await apply(claim('wrong', '-1Gi'));
    expect(code).toBe(1);
    expect(err).toMatch(/PersistentVolumeClaim "wrong" is invalid: spec\.resources/);
    expect((await apply(claim('wrong', 'much'))).err).toContain('spec.resources.requests[storage]');
  });

  test('server-side apply is refused in words that help', async () => {
    expect((await apply(claim('data'), '--server-side')).err).toContain('use kubectl apply without --server-side');
  });

  test('diff shows what would change, and changes nothing', async () => {
    const same = await run(['diff', '-f', '-'], claim('data'));
    expect(same).toMatchObject({ code: 0, out: '' });
    const { code, out } = await run(['diff', '-f', '-'], claim('data', '1Gi', '{app: web}'));
    expect(code).toBe(1);
    expect(out).toMatch(/^-\s+app: db$/m);
    expect(out).toMatch(/^\+\s+app: web$/m);
    expect((await api.get(persistentVolumeClaims, { namespace: 'default', name: 'data' }))?.metadata.labels).toEqual({
      app: 'db',
    });
  });
});

describe('create and replace', () => {
  test('create: of a file, twice, with a generated name, and of kubectl-made objects', async () => {
    expect((await run(['create', '-f', '-'], pool('extra'))).out).toBe('pool.moorage.dev/extra created\n');
    expect((await run(['create', '-f', '-'], pool('extra'))).err).toContain('pools.moorage.dev "extra" already exists');
    const generated = await run(
      ['create', '-f', '-', '-o', 'name'],
      claim('x').replace('name: x', 'generateName: data-'),
    );
    expect(generated.out).toMatch(/^persistentvolumeclaim\/data-[a-z0-9]{5}\n$/);
    expect(await kubectl('create', 'namespace', 'team')).toBe('namespace/team created');
    await kubectl('create', 'secret', 'generic', 'key', '--from-literal=password=swordfish', '-n', 'team');
    expect(await kubectl('get', 'secret', 'key', '-n', 'team', '-o', 'jsonpath={.data.password}')).toBe(
      Buffer.from('swordfish').toString('base64'),
    );
    await kubectl('create', 'quota', 'limit', '--hard=requests.storage=10Gi,persistentvolumeclaims=5', '-n', 'team');
    expect(await kubectl('get', 'quota', 'limit', '-n', 'team', '-o', 'jsonpath={.spec.hard}')).toBe(
      '{"persistentvolumeclaims":"5","requests.storage":"10Gi"}',
    );
    await kubectl('create', 'configmap', 'settings', '--from-literal=a=b', '-n', 'team');
    expect(await kubectl('get', 'cm', 'settings', '-n', 'team', '-o', 'jsonpath={.data.a}')).toBe('b');
    await kubectl('create', 'role', 'reader', '--verb=get,list', '--resource=pvc', '-n', 'team');
    await kubectl('create', 'rolebinding', 'readers', '--role=reader', '--user=ann', '-n', 'team');
    expect(
      await kubectl(
        'get',
        'rolebinding',
        'readers',
        '-n',
        'team',
        '-o',
        'jsonpath={.roleRef.name} {.subjects[0].name}',
      ),
    ).toBe('reader ann');
  });

  test('a namespace that is not there, and a name that is none', async () => {
    expect((await run(['create', '-n', 'nowhere', '-f', '-'], claim('lost'))).err).toContain(
      'namespaces "nowhere" not found',
    );
    expect((await run(['create', '-f', '-'], pool('Not_A_Name'))).err).toContain('RFC 1123');
  });

  test('pods and services are there to be read, and only that', async () => {
    expect((await run(['get', 'all', '-A'])).err).toContain('No resources found');
    expect(await refused('run', 'x', '--image=y')).toContain('MethodNotAllowed');
  });

  test('replace: in place, of an old version, of what is not there, and by force', async () => {
    const before = await kubectl('get', 'sc', 'fast', '-o', 'json');
    const next = before.replace('"allowVolumeExpansion": true', '"allowVolumeExpansion": false');
    expect((await run(['replace', '-f', '-'], next)).out).toBe('storageclass.storage.k8s.io/fast replaced\n');
    expect((await api.get(storageClasses, { name: 'fast' }))?.allowVolumeExpansion).toBe(false);
    expect((await run(['replace', '-f', '-'], next)).err).toContain('the object has been modified');
    expect((await run(['replace', '-f', '-'], storageClass('absent'))).err).toContain('NotFound');
    const uid = (await api.get(storageClasses, { name: 'fast' }))?.metadata.uid;
    await run(['replace', '--force', '-f', '-'], storageClass('fast'));
    const forced = await api.get(storageClasses, { name: 'fast' });
    expect(forced?.allowVolumeExpansion).toBe(true);
    expect(forced?.metadata.uid).not.toBe(uid);
  });
});

describe('change', () => {
  test('label and annotate', async () => {
    await kubectl('label', 'pvc', 'data', 'tier=gold');
    expect(await refused('label', 'pvc', 'data', 'tier=silver')).toContain('already has a value (gold)');
    await kubectl('label', 'pvc', 'data', 'tier-');
    await kubectl('annotate', 'pool', '--all', 'note=kept');
    expect(await kubectl('get', 'pvc', 'data', '-o', 'jsonpath={.metadata.labels}')).toBe('{"app":"db"}');
    expect((await api.get(pools, { name: 'main' }))?.metadata.annotations?.['note']).toBe('kept');
    expect(await refused('label', 'pvc', 'data', 'bad=not ok')).toContain('a valid label');
  });

  test.skipIf(isOld)('patch: strategic, merge and json', async () => {
    await kubectl('patch', 'pvc', 'data', '-p', '{"metadata":{"labels":{"by":"strategic"}}}');
    await kubectl('patch', 'pool', 'main', '--type=merge', '-p', '{"spec":{"reserve":"2Gi"}}');
    await kubectl(
      'patch',
      'pool',
      'main',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/overProvisioning","value":3}]',
    );
    expect((await api.get(pools, { name: 'main' }))?.spec).toMatchObject({ reserve: '2Gi', overProvisioning: 3 });
    expect((await api.get(persistentVolumeClaims, { namespace: 'default', name: 'data' }))?.metadata.labels).toEqual({
      app: 'db',
      by: 'strategic',
    });
    expect(await refused('patch', 'pool', 'main', '-p', '{}')).toContain('strategic-merge-patch+json is not supported');
    expect(
      await refused(
        'patch',
        'pool',
        'main',
        '--type=json',
        '-p',
        '[{"op":"test","path":"/spec/overProvisioning","value":9}]',
      ),
    ).toContain('failed');
  });

  test.skipIf(isOld)('the status is a subresource: spec and status leave each other alone', async () => {
    await kubectl(
      'patch',
      'pool',
      'main',
      '--subresource=status',
      '--type=merge',
      '-p',
      '{"status":{"phase":"Ready"},"spec":{"reserve":"9Gi"}}',
    );
    expect(await api.get(pools, { name: 'main' })).toMatchObject({
      status: { phase: 'Ready' },
      spec: { reserve: '2Gi' },
    });
    const generation = (await api.get(pools, { name: 'main' }))?.metadata.generation ?? 0;
    await kubectl(
      'patch',
      'pool',
      'main',
      '--type=merge',
      '-p',
      '{"status":{"phase":"Failed"},"spec":{"reserve":"3Gi"}}',
    );
    const after = await api.get(pools, { name: 'main' });
    expect(after).toMatchObject({ status: { phase: 'Ready' }, spec: { reserve: '3Gi' } });
    expect(after?.metadata.generation).toBe(generation + 1);
  });

  test.skipIf(isOld)('edit: what the editor leaves is what is there; nonsense is refused', async () => {
    const edited = await run(['edit', 'pool', 'main'], '', { EDITOR: 'sed -i s/reserve:.*/reserve:\\ 4Gi/' });
    expect(edited.out).toBe('pool.moorage.dev/main edited\n');
    expect((await api.get(pools, { name: 'main' }))?.spec.reserve).toBe('4Gi');
    const wrong = await run(['edit', 'pool', 'main'], '', { EDITOR: 'sed -i s/reserve:/reserved:/', TMPDIR: dir });
    expect(wrong.code).toBe(1);
    expect((await api.get(pools, { name: 'main' }))?.spec.reserve).toBe('4Gi');
  });
});

describe('get', () => {
  test.skipIf(isOld)('tables: plain, wide, of several kinds, of a category, without headers', async () => {
    const [header, row] = rows(await kubectl('get', 'pool', 'main'));
    expect(header).toEqual(['NAME', 'PHASE', 'NODE', 'BACKEND', 'TOTAL', 'USED', 'ALLOCATED', 'AVAILABLE', 'AGE']);
    expect(row?.[0]).toMatch(/^main/);
    expect(row?.at(-1)).toMatch(/^\d+m?\d*s$/);
    expect(rows(await kubectl('get', 'pool', 'main', '-o', 'wide'))[0]).toContain('PATH');
    expect(await kubectl('get', 'sc,pvc,pv')).toMatch(
      /storageclass\.storage\.k8s\.io\/fast[\s\S]*persistentvolumeclaim\/data/,
    );
    expect(await kubectl('get', 'moorage')).toContain('pool.moorage.dev/main');
    expect(await kubectl('get', 'pvc', 'data', '--no-headers', '--show-labels')).toMatch(
      /^data .*app=db,by=strategic$/,
    );
  });

  test('yaml, json, jsonpath, custom columns, name', async () => {
    expect(await kubectl('get', 'pvc', 'data', '-o', 'yaml')).toMatch(
      /^apiVersion: v1\nkind|kind: PersistentVolumeClaim/m,
    );
    const json = JSON.parse(await kubectl('get', 'pvc', 'data', '-o', 'json'));
    expect(json).toMatchObject({ kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace: 'default' } });
    expect(JSON.parse(await kubectl('get', 'pvc', '-o', 'json')).items.length).toBeGreaterThan(1);
    expect(await kubectl('get', 'pvc', 'data', '-o', 'jsonpath={.spec.resources.requests.storage}')).toBe('1Gi');
    expect(
      await kubectl('get', 'pvc', 'data', '-o', 'custom-columns=N:.metadata.name,C:.spec.storageClassName'),
    ).toMatch(/^N +C\ndata +fast$/);
    expect(await kubectl('get', 'pvc/data', 'pool/main', '-o', 'name')).toBe(
      'persistentvolumeclaim/data\npool.moorage.dev/main',
    );
  });

  test('selectors, namespaces, chunks and order', async () => {
    await Promise.all(
      ['c', 'a', 'b'].map((name) =>
        run(['create', '-n', 'team', '-f', '-'], claim(name, '1Gi', `{set: s, letter: ${name}}`)),
      ),
    );
    const names = async (...args: string[]) =>
      (await kubectl('get', 'pvc', '-o', 'name', ...args)).split('\n').map((name) => name.split('/')[1]);
    expect(await names('-n', 'team', '-l', 'letter in (a,b)')).toEqual(['a', 'b']);
    expect(await names('-n', 'team', '-l', 'set=s,letter!=a')).toEqual(['b', 'c']);
    expect(await names('-A', '--field-selector', 'metadata.name=b')).toEqual(['b']);
    expect(await names('-n', 'team', '--chunk-size=1')).toEqual(['a', 'b', 'c']);
    expect(await names('-n', 'team', '--sort-by=.metadata.creationTimestamp')).toHaveLength(3);
    expect(rows(await kubectl('get', 'pvc', '-A'))[0]?.[0]).toBe('NAMESPACE');
    expect(await refused('get', 'pvc', '--field-selector', 'spec.nothing=1')).toContain(
      '"spec.nothing" is not a known field selector',
    );
    expect(await refused('get', 'pvc', '-l', 'a=(')).toContain('selector');
  });

  test('what is not there', async () => {
    expect(await refused('get', 'pvc', 'nothing')).toBe(
      'Error from server (NotFound): persistentvolumeclaims "nothing" not found',
    );
    expect(await refused('get', 'sc', 'nothing')).toBe(
      'Error from server (NotFound): storageclasses.storage.k8s.io "nothing" not found',
    );
    expect(await refused('get', 'ingresses')).toContain('the server doesn\'t have a resource type "ingresses"');
    expect(await refused('get', 'deployments')).toContain('Moorage runs no containers');
    expect(await refused('get', '--raw', '/nothing')).toContain('the server could not find the requested resource');
  });

  test('watching shows what is there and what changes', async () => {
    const child = start(['get', 'pvc', '-n', 'team', '-w', '--output-watch-events', '-l', 'set=s']);
    try {
      const seen: string[] = [];
      let rest = '';
      const until = async (text: string, count: number) => {
        for (const deadline = Date.now() + 20_000; seen.filter((line) => line.includes(text)).length < count; ) {
          if (Date.now() > deadline) throw new Error(`no "${text}" in ${seen.join('\n')}`);
          const chunk = child.stdout.read() as Buffer | null;
          if (chunk === null) await new Promise((resolve) => setTimeout(resolve, 20));
          rest += chunk?.toString() ?? '';
          seen.push(...rest.split('\n').slice(0, -1));
          rest = rest.slice(rest.lastIndexOf('\n') + 1);
        }
      };
      await until('ADDED', 3);
      await kubectl('label', 'pvc', 'a', '-n', 'team', 'changed=yes');
      await until('MODIFIED', 1);
      // Out of the selector's sight is as good as deleted.
      await kubectl('label', 'pvc', 'b', '-n', 'team', 'set-');
      await until('DELETED', 1);
      expect(seen.at(-1)).toMatch(/^DELETED +b /);
    } finally {
      child.kill();
    }
  });
});

describe('describe and events', () => {
  test.skipIf(isOld)('of the kinds that kubectl knows, and of ours', async () => {
    await api.create(events, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'data.1', namespace: 'default' },
      involvedObject: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: 'default',
        name: 'data',
        uid: (await api.get(persistentVolumeClaims, { namespace: 'default', name: 'data' }))?.metadata.uid ?? '',
      },
      reason: 'ProvisioningFailed',
      message: 'no pool has room',
      type: 'Warning',
      count: 3,
      firstTimestamp: new Date().toISOString(),
      lastTimestamp: new Date().toISOString(),
    });
    expect(await kubectl('describe', 'pvc', 'data')).toMatch(
      /StorageClass: +fast[\s\S]*Used By: +<none>[\s\S]*ProvisioningFailed.*no pool has room/,
    );
    expect(await kubectl('describe', 'pool', 'main')).toMatch(/Kind: +Pool[\s\S]*Over Provisioning: +3/);
    expect(await kubectl('describe', 'sc', 'fast')).toContain('csi.moorage.dev');
    expect(await kubectl('describe', 'ns', 'team')).toMatch(/Status: +Active[\s\S]*limit/);
    expect(await kubectl('describe', 'secret', 'key', '-n', 'team')).toContain('password:  9 bytes');
    expect(await kubectl('events')).toContain('no pool has room');
    expect(await kubectl('events', '--for', 'pvc/data')).toContain('no pool has room');
    expect(await kubectl('get', 'events', '--field-selector', 'involvedObject.name=data,type=Warning')).toContain(
      'ProvisioningFailed',
    );
  });

  test('of every kind that has an object', async () => {
    for (const kind of allKinds)
      await run(['describe', kind.group ? `${kind.plural}.${kind.group}` : kind.plural, '-A']);
    const { code } = await run(['describe', 'sc,pvc,pools,ns']);
    expect(code).toBe(0);
  });
});

describe('wait and delete', () => {
  test.skipIf(isOld)('wait for a condition, a field, a creation and an end', async () => {
    const conditions = '{"status":{"conditions":[{"type":"Ready","status":"True"}]}}';
    const ready = kubectl('wait', '--for=condition=Ready', 'pool/main', '--timeout=20s');
    await kubectl('patch', 'pool', 'main', '--subresource=status', '--type=merge', '-p', conditions);
    expect(await ready).toContain('condition met');
    expect(await kubectl('wait', '--for=jsonpath={.status.phase}=Ready', 'pool/main', '--timeout=20s')).toContain(
      'condition met',
    );
    expect(await refused('wait', '--for=condition=Other', 'pool/main', '--timeout=1s')).toContain('timed out');
    const gone = kubectl('wait', '--for=delete', 'pool/extra', '--timeout=20s');
    await kubectl('delete', 'pool', 'extra');
    await gone;
  });

  test('finalizers hold an object until they go', async () => {
    await kubectl('patch', 'pool', 'main', '--type=merge', '-p', '{"metadata":{"finalizers":["example.com/held"]}}');
    expect(await kubectl('delete', 'pool', 'main', '--dry-run=server')).toContain('(server dry run)');
    expect((await api.get(pools, { name: 'main' }))?.metadata.deletionTimestamp).toBeUndefined();
    await kubectl('delete', 'pool', 'main', '--wait=false');
    expect((await api.get(pools, { name: 'main' }))?.metadata.deletionTimestamp).toBeDefined();
    const waiting = start(['delete', 'pool', 'main', '--timeout=20s']);
    const ended = new Promise((resolve) => waiting.once('close', resolve));
    // It says so before it waits.
    await once(waiting.stdout, 'data');
    await kubectl('patch', 'pool', 'main', '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
    expect(await ended).toBe(0);
    expect(await api.get(pools, { name: 'main' })).toBeUndefined();
  });

  test.skipIf(isOld)('by name, by selector, all of a namespace, and what is gone', async () => {
    await apply([pool('one'), pool('two'), pool('three')].join('---\n'));
    await kubectl('label', 'pool', 'one', 'x=y');
    expect(await kubectl('delete', 'pool', '-l', 'x=y')).toBe('pool.moorage.dev "one" deleted');
    expect(await kubectl('delete', 'pool', 'two')).toContain('deleted');
    expect(await kubectl('delete', 'pool', '--all')).toBe('pool.moorage.dev "three" deleted');
    expect(await refused('delete', 'pool', 'one')).toContain('pools.moorage.dev "one" not found');
    expect(await kubectl('delete', 'pool', 'one', '--ignore-not-found')).toBe('');
    const all = await kubectl('delete', 'cm,secret', '--all', '-n', 'team');
    expect(all).toContain('configmap "settings" deleted');
    expect(all).toContain('secret "key" deleted');
    expect(await refused('delete', 'ns', 'default')).toContain('this namespace may not be deleted');
  });

  test('what becomes of dependents is left to the garbage collector, by its finalizers', async () => {
    await apply([pool('orphan'), pool('foreground')].join('---\n'));
    for (const [cascade, finalizer] of [
      ['orphan', 'orphan'],
      ['foreground', 'foregroundDeletion'],
    ] as const) {
      await kubectl('delete', 'pool', cascade, `--cascade=${cascade}`, '--wait=false');
      expect((await api.get(pools, { name: cascade }))?.metadata.finalizers).toEqual([finalizer]);
      await kubectl('patch', 'pool', cascade, '--type=merge', '-p', '{"metadata":{"finalizers":null}}');
      expect(await api.get(pools, { name: cascade })).toBeUndefined();
    }
  });

  test('a namespace ends when its last finalizer goes', async () => {
    await kubectl('create', 'ns', 'short');
    await kubectl('delete', 'ns', 'short', '--wait=false');
    expect(await kubectl('get', 'ns', 'short', '-o', 'jsonpath={.status.phase}')).toBe('Terminating');
    const body = join(dir, 'short.json');
    const current = JSON.parse(await kubectl('get', 'ns', 'short', '-o', 'json'));
    await writeFile(body, JSON.stringify({ ...current, spec: { finalizers: [] } }));
    await kubectl('replace', '--raw', '/api/v1/namespaces/short/finalize', '-f', body);
    expect(await refused('get', 'ns', 'short')).toContain('NotFound');
  });
});
