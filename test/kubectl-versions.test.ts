import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { codeOf } from '../src/lib/errors.ts';
import { exec } from '../src/lib/exec.ts';
import { persistentVolumeClaims, pools, serviceAccounts } from '../src/model/kinds/index.ts';
import { builtKubectl, debianKubectl, type Kubectl } from './support/kubectls.ts';
import { type ServedApi, serveApi } from './support/served-api.ts';

// The same commands, by clients of five years.
const all: readonly [string, (directory: string) => Promise<Kubectl>][] = [
  ["of Debian, 1.20 in Debian 12's", debianKubectl],
  ['1.27', () => builtKubectl('1.27')],
  ["this machine's", async () => ({ path: process.env['KUBECTL'] ?? 'kubectl' })],
  ['1.34', () => builtKubectl('1.34')],
];

const claim = (labels: string) => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, labels: ${labels}}
spec:
  storageClassName: fast
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
`;
const pool = (spec: string) => `
apiVersion: moorage.dev/v1alpha1
kind: Pool
metadata: {name: main}
spec: ${spec}
`;
const account = (finalizer: string, ...secrets: string[]) => `
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot, finalizers: [${finalizer}]}
secrets: [${secrets.map((name) => `{name: ${name}}`).join(', ')}]
`;
const workload = (apiVersion: string, kind: string) => `
apiVersion: ${apiVersion}
kind: ${kind}
metadata: {name: web}
spec: {}
`;

describe.each(all)('kubectl %s', (name, find) => {
  let served: ServedApi;
  let program: Kubectl;

  // Where it has to be built, that takes minutes, once.
  beforeAll(async () => {
    served = await serveApi();
    program = await find(served.dir);
    if ('why' in program && process.env['CI']) throw new Error(`kubectl ${name} can't be had: ${program.why}`);
    if ('why' in program) console.log(`kubectl ${name} can't be had here, and is not tried: ${program.why}`);
  }, 15 * 60_000);
  afterAll(async () => await served?.[Symbol.asyncDispose]());
  beforeEach(({ skip }) => skip('why' in program));

  async function kubectl(args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}) {
    if ('why' in program) throw new Error(program.why);
    const { stdout } = await exec([program.path, `--cache-dir=${join(served.dir, 'cache')}`, ...args], {
      input,
      env: { HOME: served.dir, KUBECONFIG: served.kubeconfigFile, PATH: process.env['PATH'] ?? '', ...env },
    });
    return stdout.trim();
  }
  const refused = (args: readonly string[], input = '') =>
    kubectl(args, input).then(
      (out) => expect.unreachable(`it was not refused: ${out}`),
      (error: unknown) => `${codeOf(error)} ${String(error)}`,
    );
  const apply = (manifest: string) => kubectl(['apply', '-f', '-'], manifest);

  test('finds out what there is', async () => {
    expect(await kubectl(['version', '-o', 'json'])).toContain('+moorage');
    expect(await kubectl(['cluster-info'])).toContain(served.url);
    expect((await kubectl(['api-versions'])).split('\n')).toEqual(
      expect.arrayContaining(['v1', 'events.k8s.io/v1', 'moorage.dev/v1alpha1']),
    );
    expect(await kubectl(['api-resources', '--verbs=list', '-o', 'name'])).not.toContain('deployments');
    expect(await kubectl(['auth', 'can-i', 'create', 'pvc'])).toBe('yes');
    expect(await refused(['get', 'pvc', '--as', 'bob'])).toMatch(
      /User "bob" cannot list resource "persistentvolumeclaims"/,
    );
    const explained = await kubectl(['explain', 'pvc.spec.accessModes']);
    expect(explained).toMatch(/accessModes +<\[\]string>/);
    expect(explained).toContain('contains the desired access modes');
    expect(await kubectl(['explain', 'pv.spec.csi'])).toMatch(/driver\t<string> -required-/);
    expect(await kubectl(['explain', 'pool.spec.backend'])).toContain('How volumes are carved');
  });

  test('applies: creates, finds nothing to do, changes what differs, and merges lists', async () => {
    const first =
      claim('{app: db}') +
      '---' +
      pool('{backend: directory, overProvisioning: 2}') +
      '---' +
      account('a.example.com/x', 'a', 'b');
    expect((await apply(first)).match(/created/g)).toHaveLength(3);
    expect((await apply(first)).match(/unchanged/g)).toHaveLength(3);
    // What others added stays: an element of a list that is merged, a value of a set.
    const ref = { namespace: 'default', name: 'robot' };
    const metadata = { finalizers: ['a.example.com/x', 'other.example.com/y'] };
    const body = { metadata, secrets: [{ name: 'a' }, { name: 'b' }, { name: 'other' }] };
    await served.api.patch(serviceAccounts, ref, { type: 'merge', body });
    const second =
      claim('{tier: gold}') +
      '---' +
      pool('{backend: directory, reserve: 1Gi}') +
      '---' +
      account('a.example.com/z', 'a', 'c');
    expect((await apply(second)).match(/configured/g)).toHaveLength(3);
    const robot = await served.api.get(serviceAccounts, ref);
    expect(robot?.secrets?.map((secret) => secret.name).sort()).toEqual(['a', 'c', 'other']);
    expect([...(robot?.metadata.finalizers ?? [])].sort()).toEqual(['a.example.com/z', 'other.example.com/y']);
    const data = await served.api.get(persistentVolumeClaims, { namespace: 'default', name: 'data' });
    expect(data?.metadata.labels).toEqual({ tier: 'gold' });
    const spec = { backend: 'directory', reserve: '1Gi', overProvisioning: 1 };
    expect((await served.api.get(pools, { name: 'main' }))?.spec).toMatchObject(spec);
    expect(await kubectl(['diff', '-f', '-'], second)).toBe('');
    expect(await refused(['apply', '-f', '-'], pool('{colour: red}'))).toContain('colour');
    expect(await refused(['apply', '--server-side', '-f', '-'], second)).toContain('server-side apply is not served');
  });

  test('creates, replaces, edits, labels, annotates, patches, describes, waits and deletes', async () => {
    await kubectl(['delete', 'pool', 'main', '--ignore-not-found']);
    expect(await kubectl(['create', '-f', '-'], pool('{backend: directory}'))).toContain('created');
    expect(await refused(['create', '-f', '-'], pool('{backend: directory}'))).toContain('already exists');
    await kubectl(['create', 'namespace', 'team']);
    await kubectl(['create', 'secret', 'generic', 'key', '--from-literal=a=b', '-n', 'team']);
    expect(await kubectl(['get', 'secret', 'key', '-n', 'team', '-o', 'jsonpath={.data.a}'])).toBe('Yg==');
    expect(await kubectl(['replace', '-f', '-'], pool('{backend: directory, reserve: 2Gi}'))).toContain('replaced');
    const edited = await kubectl(['edit', 'pool', 'main'], '', { KUBE_EDITOR: 'sed -i s/reserve:.*/reserve:\\ 3Gi/' });
    expect(edited).toContain('edited');
    await kubectl(['label', 'pool', 'main', 'a=b']);
    await kubectl(['annotate', 'pool', 'main', 'c=d']);
    await kubectl(['patch', 'pool', 'main', '--type=merge', '-p', '{"spec":{"overProvisioning":3}}']);
    await kubectl(['patch', 'secret', 'key', '-n', 'team', '-p', '{"stringData":{"c":"d"}}']);
    expect(await served.api.get(pools, { name: 'main' })).toMatchObject({
      metadata: { labels: { a: 'b' }, annotations: { c: 'd' } },
      spec: { reserve: '3Gi', overProvisioning: 3 },
    });
    expect(await kubectl(['get', 'pool'])).toMatch(/^NAME +PHASE[^\n]*\nmain /);
    expect(await kubectl(['describe', 'pool', 'main'])).toMatch(/Over Provisioning: +3/);
    await kubectl(['describe', 'ns', 'team']);
    const { resourceVersion: _version, ...found } = (await served.api.get(pools, { name: 'main' }))?.metadata ?? {
      name: '',
    };
    const conditions = [{ type: 'Ready', status: 'True' as const }];
    const status = { conditions };
    await served.api.patch(pools, { name: found.name }, { type: 'merge', body: { status } }, { subresource: 'status' });
    expect(await kubectl(['wait', '--for=condition=Ready', 'pool/main', '--timeout=20s'])).toContain('condition met');
    expect(await kubectl(['delete', 'pool', 'main'])).toContain('deleted');
  });

  test('says what does the job of what is not served', async () => {
    for (const [apiVersion, kind] of [
      ['v1', 'Pod'],
      ['apps/v1', 'Deployment'],
      ['apps/v1', 'StatefulSet'],
      ['batch/v1', 'Job'],
    ] as const) {
      for (const verb of ['create', 'apply'])
        expect(await refused([verb, '-f', '-'], workload(apiVersion, kind))).toContain('moorage mount CLAIM PATH');
    }
    expect(await refused(['create', '-f', '-'], workload('networking.k8s.io/v1', 'Ingress'))).toContain(
      'no matches for kind "Ingress" in version "networking.k8s.io/v1"',
    );
    expect(await kubectl(['get', 'all'])).not.toContain('deployment');
  });
});
