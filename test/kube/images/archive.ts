import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { exec } from '../../../src/lib/exec.ts';

/** How a container of an image is run, if its pod does not say. */
export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
}

const fixed = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];

/**
 * Writes an archive as `docker save` makes it, with one image under one or more names. Each layer is the content of a
 * folder, owned by root. The archive appears under its name only when it is whole.
 */
export async function writeArchive(
  path: string,
  names: readonly string[],
  layers: readonly string[],
  config: ImageConfig,
): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'moorage-image-'));
  try {
    const digests: string[] = [];
    for (const [index, layer] of layers.entries()) {
      const tar = join(work, `layer-${index}.tar`);
      await exec(['tar', ...fixed, '-C', layer, '-cf', tar, '.']);
      digests.push(await sha256(tar));
    }
    const image = {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      created: '1970-01-01T00:00:00Z',
      config: {
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
        Entrypoint: config.entrypoint ?? null,
        Cmd: config.command ?? null,
      },
      rootfs: { type: 'layers', diff_ids: digests.map((digest) => `sha256:${digest}`) },
      history: digests.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'test/kube/images' })),
    };
    const manifest = [
      { Config: 'config.json', RepoTags: names, Layers: digests.map((_, index) => `layer-${index}.tar`) },
    ];
    await writeFile(join(work, 'config.json'), JSON.stringify(image));
    await writeFile(join(work, 'manifest.json'), JSON.stringify(manifest));
    const files = ['manifest.json', 'config.json', ...digests.map((_, index) => `layer-${index}.tar`)];
    await exec(['tar', ...fixed, '-C', work, '-cf', join(work, 'image.tar'), ...files]);
    // Not renamed from there at once: it may be on another file system.
    const unfinished = `${path}.${process.pid}`;
    await copyFile(join(work, 'image.tar'), unfinished);
    await rename(unfinished, path);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
