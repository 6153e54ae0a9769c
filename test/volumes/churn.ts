import { snapshots, volumes } from '../../src/model/kinds/moorage.ts';
import { openRig, readySnapshot, readyVolume, snapshot, until, volume } from './volumes-rig.ts';

/** For ever makes, copies, grows and deletes volumes, until it is killed. argv: data directory, prefix of names. */
const [dataDir = '', prefix = ''] = process.argv.slice(2);
const { api } = await openRig(dataDir);
process.stdout.write('ready\n');

async function round(name: string): Promise<void> {
  await api.create(volumes, volume(name));
  const made = await readyVolume(api, name);
  await api.create(snapshots, snapshot(`${name}-s`, name));
  await api.update(volumes, { ...made, spec: { ...made.spec, size: '80Mi' } });
  await readySnapshot(api, `${name}-s`);
  await api.create(volumes, volume(`${name}-c`, { source: { kind: 'Snapshot', name: `${name}-s` } }));
  await readyVolume(api, `${name}-c`);
  await until(api, volumes, name, (it) => it?.status?.size === '80Mi');
  process.stdout.write(`done ${name}\n`);
  for (const it of [name, `${name}-c`]) await api.delete(volumes, { name: it });
  await api.delete(snapshots, { name: `${name}-s` });
  await until(api, volumes, name, (it) => it === undefined);
}

await Promise.all(
  Array.from({ length: 4 }, async (_, worker) => {
    for (let n = 0; ; n++) await round(`${prefix}-${worker}-${n}`);
  }),
);
