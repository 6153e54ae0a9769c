import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goClient } from '../scripts/go-client.ts';
import { openEmbeddedApi } from '../src/api/embedded/embedded-api.ts';
import { reviews } from '../src/apiserver/access/reviews.ts';
import { startApiServer } from '../src/apiserver/server.ts';
import { exec } from '../src/lib/exec.ts';
import { silent } from '../src/lib/log.ts';
import { apiVersionOf, type Kind } from '../src/model/kind.ts';
import { allKinds, configMaps, eventsV1 } from '../src/model/kinds/index.ts';
import { makeScratch } from './engines/local-scratch.ts';
import { type ServedApi, serveApi } from './support/served-api.ts';

// What programs in Go do, by the client that nearly all of them use.

/** One try of the program, as it prints it. */
interface Result {
  readonly kind: string;
  readonly form?: 'json' | 'protobuf';
  readonly verb: string;
  readonly error?: string;
  readonly answer?: string;
}

const { file, build } = goClient();
let served: ServedApi;

// Where it has to be built for the first time, that takes minutes.
beforeAll(async () => {
  if (!existsSync(file)) await exec(build, { env: { GOFLAGS: '' }, timeout: 14 * 60_000 });
}, 15 * 60_000);
beforeAll(async () => {
  served = await serveApi();
});
afterAll(async () => await served?.[Symbol.asyncDispose]());

async function run(command: string, input = ''): Promise<Result[]> {
  const { stdout } = await exec([file, command, served.kubeconfigFile], { input, timeout: 110_000 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Result);
}

const nameOf = (kind: Pick<Kind, 'group' | 'version' | 'kind'>) => `${apiVersionOf(kind)}/${kind.kind}`;
const patches = ['patch json', 'patch merge', 'patch strategic', 'patch apply'];
const ends = ['delete other', 'delete', 'deletecollection'];

/** What is tried of a kind, in this order. */
function verbsOf({ hasStatus }: Kind): string[] {
  const reads = ['create', 'create again', 'get absent', 'get', 'list', 'watch', 'update', 'update old'];
  return [...reads, ...(hasStatus ? ['update status'] : []), ...patches, ...ends];
}

describe('typed clients', () => {
  const own = [...allKinds, eventsV1 as unknown as Kind].filter(({ mergeKeys, writable }) => mergeKeys && writable);
  let results: Result[];

  beforeAll(async () => {
    results = await run('verbs');
  });

  describe.each(['json', 'protobuf'] as const)('in %s', (form) => {
    const media = { json: 'application/json', protobuf: 'application/vnd.kubernetes.protobuf' }[form];
    const of = (kind: string) => results.filter((result) => result.kind === kind && result.form === form);

    test.each(own.map((kind) => [nameOf(kind), kind] as const))('%s: every verb', (name, kind) => {
      const expected = verbsOf(kind).map((verb) => {
        const answer = verb === 'watch' && form === 'protobuf' ? `${media};stream=watch` : media;
        return { kind: name, form, verb, answer };
      });
      expect(of(name)).toEqual(expected);
    });

    test.each(reviews.map(nameOf))('%s', (name) => {
      expect(of(name)).toEqual([{ kind: name, form, verb: 'create', answer: media }]);
    });
  });
});

/** What an object needs at least, of each kind that is not Kubernetes' own. */
const samples: Readonly<Record<string, object>> = {
  Inventory: { spec: { node: 'n' } },
  Mount: { spec: { claim: 'data', path: '/srv/data' } },
  Pool: { spec: { engine: 'local', path: '/srv/pool' } },
  Snapshot: { spec: { volume: 'v' } },
  Volume: { spec: { size: '1Gi' } },
  VolumeSnapshot: { spec: { source: { persistentVolumeClaimName: 'data' } } },
  VolumeSnapshotClass: { driver: 'example.com', deletionPolicy: 'Delete' },
  VolumeSnapshotContent: {
    spec: {
      volumeSnapshotRef: { name: 'a', namespace: 'default' },
      deletionPolicy: 'Delete',
      driver: 'example.com',
      source: { volumeHandle: 'h' },
    },
  },
};

describe('the dynamic client', () => {
  const custom = allKinds.filter(({ mergeKeys }) => !mergeKeys);
  let results: Result[];

  beforeAll(async () => {
    const input = custom.map((kind) => ({
      resource: kind.plural,
      namespace: kind.namespaced ? 'default' : '',
      hasStatus: kind.hasStatus,
      object: { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name: 'one' }, ...samples[kind.kind] },
    }));
    results = await run('dynamic', JSON.stringify(input));
  });

  test.each(custom.map((kind) => [nameOf(kind), kind] as const))('%s: every verb', (name, { hasStatus }) => {
    const verbs = [
      ...['create', 'get', 'list', 'list metadata', 'watch', 'update'],
      ...(hasStatus ? ['patch status', 'update status'] : []),
      ...['patch json', 'patch merge', 'patch strategic', 'delete', 'deletecollection'],
    ];
    expect(results.filter(({ kind }) => kind === name)).toEqual(verbs.map((verb) => ({ kind: name, verb })));
  });
});

test('leader election: one leads and renews its Lease, and the next leads when that is given up', async () => {
  expect(await run('election')).toEqual([
    { kind: 'first', verb: 'lead' },
    { kind: 'second', verb: 'lead' },
  ]);
});

test('an operator of controller-runtime: is elected, keeps what it owns, and takes leave of what is deleted', async () => {
  expect(await run('manager')).toEqual([
    { kind: 'manager', verb: 'lead' },
    { kind: 'v1/Secret', verb: 'made' },
    { kind: 'v1/Secret', verb: 'made again' },
    { kind: 'v1/ConfigMap', verb: 'taken leave of' },
  ]);
});

test.each(['false', 'true'])(
  'an informer sees what changed while the server was away, and nothing else: with WatchListClient=%s',
  async (watchList) => {
    await using scratch = await makeScratch();
    const dir = scratch.path;
    const open = () => openEmbeddedApi({ file: join(dir, 'store.db'), log: silent, kinds: allKinds });
    let api = await open();
    let server = await startApiServer({ api, dir, port: 0, log: silent });
    const map = (name: string) => ({ name, namespace: 'default' });
    const create = (name: string) =>
      api.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: map(name) });
    await create('goes');
    await create('stays');
    const env = { ...process.env, KUBE_FEATURE_WatchListClient: watchList };
    const program = spawn(file, ['informer', server.kubeconfigFile], { env, stdio: ['pipe', 'pipe', 'ignore'] });
    const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    const next = async (count: number) => {
      const seen: Result[] = [];
      while (seen.length < count) seen.push(JSON.parse((await lines.next()).value ?? '{}') as Result);
      return seen.map(({ verb, kind }) => `${verb} ${kind}`).sort();
    };
    expect(await next(3)).toEqual(['add goes', 'add stays', 'synced all']);
    await create('new');
    expect(await next(1)).toEqual(['add new']);
    await server[Symbol.asyncDispose]();
    await api.delete(configMaps, map('goes'));
    await api.patch(configMaps, map('stays'), { type: 'merge', body: { data: { a: 'b' } } });
    await create('late');
    await api[Symbol.asyncDispose]();
    api = await open();
    server = await startApiServer({ api, dir, port: server.port, log: silent });
    expect(await next(3)).toEqual(['add late', 'delete goes', 'update stays']);
    await create('later');
    expect(await next(1)).toEqual(['add later']);
    program.stdin.end();
    expect(await once(program, 'exit')).toEqual([0, null]);
    await server[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  },
);
