import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { inventories, pools, snapshots, volumes } from '../../src/model/kinds/moorage.ts';
import { makeScratch } from '../engines/local-scratch.ts';
import { openRig, pool, readyPool, until } from './volumes-rig.ts';

const kills = 12;

test.runIf(process.getuid?.() === 0)(
  'killed again and again in the middle of things, it leaks and loses nothing',
  async () => {
    await using scratch = await makeScratch();
    {
      await using rig = await openRig(scratch.path);
      await rig.api.create(pools, pool('default', { size: '2Gi', overProvisioning: 20 }));
      await rig.api.create(pools, pool('other', { size: '2Gi', overProvisioning: 20 }));
      await Promise.all(['default', 'other'].map((name) => readyPool(rig.api, name)));
    }
    for (let round = 0; round < kills; round++) await churnAndKill(scratch.path, `k${round}`, 40 + round * 37);

    await using rig = await openRig(scratch.path);
    const { api, engine } = rig;
    const settled = (it: { status?: { phase?: string | undefined } | undefined } | undefined) =>
      it === undefined || it.status?.phase === 'Ready' || it.status?.phase === 'Failed';
    for (const { metadata } of [...api.informer(snapshots).list()]) await until(api, snapshots, metadata.name, settled);
    for (const { metadata, spec } of [...api.informer(volumes).list()]) {
      const source = spec.source && api.informer(snapshots).get({ name: spec.source.name });
      if (!spec.source || source) await until(api, volumes, metadata.name, settled);
    }
    expect(await differences(rig, 'full')).toEqual([]);
    for (const { metadata } of [...api.informer(volumes).list()]) await api.delete(volumes, metadata);
    for (const { metadata } of [...api.informer(snapshots).list()]) await api.delete(snapshots, metadata);
    for (const { metadata } of [...api.informer(volumes).list()]) await until(api, volumes, metadata.name, (it) => !it);
    for (const { metadata } of [...api.informer(snapshots).list()])
      await until(api, snapshots, metadata.name, (it) => !it);
    expect(await differences(rig, 'empty')).toEqual([]);
    expect(await engine.volumes.list('default')).toEqual([]);
    expect(await engine.volumes.list('other')).toEqual([]);
  },
);

async function churnAndKill(dataDir: string, prefix: string, after: number): Promise<void> {
  const program = join(import.meta.dirname, 'churn.ts');
  const child = spawn(process.execPath, [program, dataDir, prefix], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout);
  await Promise.race([once(lines, 'line'), once(child, 'exit')]);
  await new Promise((resolve) => setTimeout(resolve, after));
  expect(child.exitCode).toBeNull();
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function differences({ api }: Awaited<ReturnType<typeof openRig>>, name: string): Promise<unknown> {
  await api.create(inventories, {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Inventory',
    metadata: { name },
    spec: {},
  });
  const done = await until(api, inventories, name, (it) => it?.status?.phase === 'Completed');
  return done.status?.differences;
}
