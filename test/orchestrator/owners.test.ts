import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Api } from '../../src/api/api.ts';
import { OwnerWatch } from '../../src/kubelet/owners/owners.ts';
import { type Exec, exec } from '../../src/lib/exec.ts';
import { silent } from '../../src/lib/log.ts';
import { mounts } from '../../src/model/kinds/index.ts';
import { type Call, interposed } from '../support/interposed-api.ts';
import { inDefault } from '../support/until-object.ts';
import { TestWorld } from './world.ts';

let world: TestWorld;
let owners: ChildProcess[] = [];
let running = 0;
let most = 0;
let started = 0;

const counting: Exec = async (argv, options) => {
  started++;
  most = Math.max(most, ++running);
  try {
    return await exec(argv, options);
  } finally {
    running--;
  }
};

beforeEach(async () => {
  [running, most, started] = [0, 0, 0];
  world = await TestWorld.open();
});
afterEach(async () => {
  for (const owner of owners.splice(0)) owner.kill('SIGKILL');
  owners = [];
  await world[Symbol.asyncDispose]();
});

function watchOwners(mostChildren: number, api: Api = world.api): OwnerWatch {
  return new OwnerWatch({ api, node: 'here', exec: counting, log: silent, mostChildren });
}

async function own(name: string): Promise<ChildProcess> {
  await writeFile(world.path(name), '');
  const words = ['--exclusive', '--no-fork', world.path(name), 'sh', '-c', 'echo locked; exec sleep 60'];
  const owner = spawn('flock', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  owners.push(owner);
  await once(owner.stdout, 'data');
  return owner;
}

test('many owners are watched by few children, and none is missed when it ends', async () => {
  await world.claim('data', {});
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const held = await Promise.all(names.map(own));
  await using watch = watchOwners(2);
  await watch.start();
  for (const name of names) await world.mount(name, 'data', { owner: { lockFile: world.path(name) } });
  await expect.poll(() => started, { timeout: 20_000 }).toBeGreaterThanOrEqual(names.length);
  expect((await world.api.list(mounts)).items).toHaveLength(names.length);
  for (const owner of held) owner.kill('SIGKILL');
  for (const name of names) await world.until(mounts, inDefault(name), (it) => it === undefined);
  // Two that wait, and one that looks at the others in turn.
  expect(most).toBeLessThanOrEqual(3);
});

test('a Mount that has come in the place of one whose owner ended stays: it has an owner of its own', async () => {
  await world.claim('data', {});
  const ended = await own('ended');
  const [last] = await Promise.all([own('last'), own('alive')]);
  const mount = (name: string, owner: string) => world.mount(name, 'data', { owner: { lockFile: world.path(owner) } });
  let namesake: string | undefined;
  const before = async ({ verb, name }: Call) => {
    if (verb !== 'delete' || name !== 'here' || namesake) return;
    await world.gone('here');
    namesake = (await mount('here', 'alive')).metadata.uid;
  };
  await using watch = watchOwners(4, interposed(world.api, { before }));
  await watch.start();
  await mount('here', 'ended');
  await mount('later', 'last');
  ended.kill('SIGKILL');
  await expect.poll(() => namesake).toBeDefined();
  last?.kill('SIGKILL');
  await world.until(mounts, inDefault('later'), (it) => it === undefined);
  expect((await world.api.get(mounts, inDefault('here')))?.metadata.uid).toBe(namesake);
});

test('a Mount whose claim does not exist costs no program', async () => {
  await own('held');
  await using watch = watchOwners(2);
  await watch.start();
  await world.mount('early', 'missing', { owner: { lockFile: world.path('held') } });
  await world.mount('gone', 'missing', { owner: { lockFile: world.path('nobody') } });
  await world.until(mounts, inDefault('gone'), (it) => it === undefined);
  expect(started).toBe(0);
  await world.claim('missing', {});
  await expect.poll(() => started, { timeout: 20_000 }).toBe(1);
  expect(await world.api.get(mounts, inDefault('early'))).toBeDefined();
});

test.for(['/dev/null', '/etc', '/proc/nope/x'])('nobody owns a Mount by %s', async (lockFile) => {
  await world.claim('data', {});
  await using watch = watchOwners(2);
  await watch.start();
  await world.mount('here', 'data', { owner: { lockFile } });
  await world.until(mounts, inDefault('here'), (it) => it === undefined);
  expect(started).toBe(0);
});
