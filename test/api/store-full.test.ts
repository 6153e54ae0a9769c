import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type EmbeddedApi, openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { codeOf } from '../../src/lib/errors.ts';
import { silent } from '../../src/lib/log.ts';
import { allKinds, nodes } from '../../src/model/kinds/index.ts';

const run = promisify(execFile);

test.skipIf(process.getuid?.() !== 0)(
  'on a full disk writes are refused, nothing acknowledged is lost, and with room again the store goes on',
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'moorage-full-'));
    const mount = join(dir, 'small');
    await mkdir(mount, { mode: 0o700 });
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', mount]);
    const file = join(mount, 'store.db');
    const ballast = join(mount, 'ballast');
    try {
      await writeFile(ballast, Buffer.alloc(300_000));
      const acknowledged: string[] = [];
      const heard: string[] = [];
      {
        await using api = await openEmbeddedApi({ file, log: silent, kinds: allKinds });
        using _listener = api.informer(nodes).onChange(({ object }) => heard.push(object.metadata.name));
        const refusal = await fill(api, 'early', acknowledged);
        expect(refusal).toMatchObject({ code: 'exhausted', message: expect.stringContaining('Make room') });
        const version = api.resourceVersion;
        const group = await Promise.allSettled(['x', 'y', 'z'].map((name) => make(api, `refused-${name}`, 200_000)));
        expect(group.map((it) => (it.status === 'rejected' ? codeOf(it.reason) : 'written'))).toEqual(
          Array(3).fill('exhausted'),
        );
        expect(api.resourceVersion).toBe(version);
        expect(heard).toEqual(acknowledged);
        expect(namesIn(api)).toEqual(acknowledged.toSorted());

        await rm(ballast);
        await make(api, 'after', 1_000);
        acknowledged.push('after');
      }
      await using again = await openEmbeddedApi({ file, log: silent, kinds: allKinds });
      expect(namesIn(again)).toEqual(acknowledged.toSorted());
    } finally {
      await run('umount', [mount]);
      await rm(dir, { recursive: true, force: true });
    }
  },
);

function make(api: EmbeddedApi, name: string, size: number): Promise<unknown> {
  const annotations = { 'example.com/ballast': 'x'.repeat(size) };
  return api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, annotations } });
}

/** Writes until it fails; returns the failure. */
async function fill(api: EmbeddedApi, prefix: string, acknowledged: string[]): Promise<unknown> {
  for (let serial = 0; serial < 1_000; serial += 1) {
    const name = `${prefix}-${serial}`;
    try {
      await make(api, name, 10_000);
    } catch (error) {
      return error;
    }
    acknowledged.push(name);
  }
  return undefined;
}

function namesIn(api: EmbeddedApi): string[] {
  return [...api.informer(nodes).list()].map(({ metadata }) => metadata.name).sort();
}
