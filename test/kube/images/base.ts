import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { exec } from '../../../src/lib/exec.ts';
import { tool } from '../tools/build.ts';
import { kubeCache } from '../tools/cache.ts';
import { type ImageConfig, writeArchive } from './archive.ts';

/** An image made of busybox, and perhaps of one of the programs that are built for the tests. */
interface BaseImage {
  readonly names: readonly string[];
  readonly program?: string;
  /** Programs of this machine that stand in place of what busybox has, by their names in /bin. */
  readonly instead?: Readonly<Record<string, string>>;
  readonly config: ImageConfig;
}

const e2e = 'registry.k8s.io/e2e-test-images';

/** Tests of block devices pass flags that this busybox's dd lacks; and its shell prefers what it has itself. */
const debian = { sh: '/bin/bash', dd: '/bin/dd' };

/**
 * The images that Kubernetes' own tests expect, under the names that they ask for: what they need of them is here, not
 * what the originals have besides. Their versions follow test/utils/image/manifest.go of that Kubernetes.
 */
const images: readonly BaseImage[] = [
  {
    names: ['3.10', '3.10.1'].map((version) => `registry.k8s.io/pause:${version}`),
    // As the original: waits, and takes away whatever processes are left to it.
    config: { entrypoint: ['/bin/sh', '-c', 'trap "" CHLD; exec sleep infinity'] },
  },
  {
    names: [
      ...['1.37.0-1', '1.36.1-1'].map((version) => `${e2e}/busybox:${version}`),
      ...['1.14-4'].map((version) => `${e2e}/nginx:${version}`),
      ...['1.7'].map((version) => `${e2e}/jessie-dnsutils:${version}`),
    ],
    instead: debian,
    config: { command: ['/bin/sh'] },
  },
  {
    names: ['2.53', '2.56'].map((version) => `${e2e}/agnhost:${version}`),
    program: 'agnhost',
    instead: debian,
    config: { entrypoint: ['/agnhost'], command: ['pause'] },
  },
];

/** The archives of all base images for a minor version of Kubernetes, which are made if the cache does not have them. */
export async function baseImages(version: string, busybox = '/bin/busybox'): Promise<string[]> {
  const archives: string[] = [];
  for (const image of images) {
    const programs = [busybox, ...(image.program ? [await tool(image.program, { version })] : [])];
    const path = join(kubeCache, 'images', `${await keyOf(image, programs)}.tar`);
    if (!existsSync(path)) await make(image, programs, path);
    archives.push(path);
  }
  return archives;
}

async function keyOf(image: BaseImage, programs: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([image, await applets(programs[0] ?? '')]));
  // A program that is built for the tests has the key of what it is built from in its path.
  hash.update(programs.slice(1).join());
  for (const path of [programs[0] ?? '', ...Object.values(image.instead ?? {})]) hash.update(await readFile(path));
  const name = basename(image.names[0] ?? 'image').replace(/:.*/, '');
  return `${name}-${hash.digest('hex').slice(0, 12)}`;
}

async function make(image: BaseImage, programs: readonly string[], path: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'moorage-base-'));
  try {
    const [busybox, ...others] = programs;
    const layers = [join(work, 'busybox')];
    await makeRoot(join(work, 'busybox'), busybox ?? '');
    for (const [name, path] of Object.entries(image.instead ?? {})) {
      await replace(join(work, 'busybox'), join('bin', name), path);
    }
    for (const program of others) {
      const layer = join(work, basename(program));
      await mkdir(layer);
      await copyFile(program, join(layer, basename(program)));
      layers.push(layer);
    }
    await writeArchive(path, image.names, layers, image.config);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function makeRoot(root: string, busybox: string): Promise<void> {
  for (const folder of ['bin', 'dev', 'etc', 'proc', 'root', 'sys', 'tmp', 'usr/bin', 'usr/sbin', 'sbin', 'var']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await chmod(join(root, 'tmp'), 0o1777);
  await copyFile(busybox, join(root, 'bin/busybox'));
  for (const applet of await applets(busybox)) {
    if (applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
  }
}

/** Puts a program of this machine in the place of another, with the libraries that it needs. */
async function replace(root: string, name: string, program: string): Promise<void> {
  await rm(join(root, name));
  await copyFile(program, join(root, name));
  const { stdout } = await exec(['ldd', program]);
  for (const [, library = ''] of stdout.matchAll(/(\/\S+) \(0x/g)) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await copyFile(library, join(root, library));
  }
}

async function applets(busybox: string): Promise<string[]> {
  return (await exec([busybox, '--list'])).stdout.split('\n').filter(Boolean);
}
