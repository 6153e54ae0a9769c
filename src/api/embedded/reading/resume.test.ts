import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silent } from '../../../lib/log.ts';
import { allKinds, configMaps, nodes } from '../../../model/kinds/index.ts';
import { type EmbeddedApi, openEmbeddedApi } from '../embedded-api.ts';

let dir: string;
const open = () => openEmbeddedApi({ file: join(dir, 'store.db'), log: silent, kinds: allKinds });
const node = (name: string) => ({ apiVersion: 'v1' as const, kind: 'Node' as const, metadata: { name } });
const label = (api: EmbeddedApi, name: string) =>
  api.patch(nodes, { name }, { type: 'merge', body: { metadata: { labels: { a: String(Math.random()) } } } });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'moorage-resume-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function eventsAfter(api: EmbeddedApi, resourceVersion: string, more: object = {}): string[] {
  const reader = api.reader(nodes, { resourceVersion, signal: new AbortController().signal, ...more });
  const said: string[] = [];
  for (let event = reader.next(); event; event = reader.next()) {
    said.push(`${event.type} ${event.object.metadata.name} ${event.object.metadata.resourceVersion}`);
  }
  return said;
}

test('a watch resumes across restarts with all that became of each object', async () => {
  let since: string;
  {
    await using api = await open();
    for (const name of ['kept', 'changed', 'deleted', 'later']) await api.create(nodes, node(name));
    since = api.resourceVersion;
    await label(api, 'changed');
    await api.create(nodes, node('made'));
    await label(api, 'made');
    await api.create(nodes, node('short'));
    await api.delete(nodes, { name: 'short' });
    await api.delete(nodes, { name: 'deleted' });
    await label(api, 'later');
  }
  const first = Number(since);
  const expected = [
    `MODIFIED changed ${first + 1}`,
    `ADDED made ${first + 3}`,
    `DELETED deleted ${first + 6}`,
    `MODIFIED later ${first + 7}`,
  ];
  {
    await using api = await open();
    expect(eventsAfter(api, since)).toEqual(expected);
    await label(api, 'later');
    expect(eventsAfter(api, since)).toEqual([...expected, `MODIFIED later ${first + 8}`]);
    await api.delete(nodes, { name: 'kept' });
    expect(() => eventsAfter(api, since, { labelSelector: 'a=b' })).toThrow('too old resource version');
  }
  await using api = await open();
  const after = eventsAfter(api, since);
  expect(after).toContain(`DELETED kept ${first + 9}`);
  expect(after.at(-2)).toBe(`MODIFIED later ${first + 8}`);
});

test('beyond the deletions that are remembered, a watch is told to begin anew', async () => {
  let since: string;
  let newer: string;
  {
    await using api = await open();
    since = api.resourceVersion;
    const names = Array.from({ length: 2_600 }, (_, index) => `c-${index}`);
    const ref = (name: string) => ({ name, namespace: 'default' });
    await Promise.all(
      names.map((name) => api.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: ref(name) })),
    );
    await Promise.all(names.map((name) => api.delete(configMaps, ref(name))));
    newer = api.resourceVersion;
    await api.create(nodes, node('one'));
  }
  await using api = await open();
  expect(() => eventsAfter(api, since)).toThrow('too old resource version');
  expect(eventsAfter(api, newer)).toHaveLength(1);
});
