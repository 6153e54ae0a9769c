import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cache } from '../../test/kube/tools/cache.ts';
import { fileLock } from '../../test/kube/tools/file-lock.ts';
import { ensureBases } from './bases.ts';
import { Buildah } from './buildah.ts';
import { ensureBuilders } from './programs.ts';

/** An image in a file. */
export interface Image {
  /** As containers name it: `docker.io/moorage/moorage:0.1.0`. */
  readonly name: string;
  /** The OCI archive: `ctr images import` and `docker load` take it. */
  readonly archive: string;
  /** What the content is known by. */
  readonly id: string;
}

/** What an image is built from. */
export interface Recipe {
  /** As containers name it. */
  readonly name: string;
  readonly dockerfile: string;
  /** The folder that the Dockerfile copies from. */
  readonly context: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const overlayfs = 0x794c7630;

/** Builds the image of this checkout, as `build` does. */
export async function buildImage(say?: (text: string) => void): Promise<Image> {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const name = `docker.io/moorage/moorage:${version}`;
  return build({ name, dockerfile: join(root, 'deploy/image/Dockerfile'), context: root }, say);
}

/**
 * Builds an image without a container engine, as root, and says what takes time. Seconds after the first time; safe to
 * be called by several processes at once.
 */
export async function build(recipe: Recipe, say: (text: string) => void = () => {}): Promise<Image> {
  const { name } = recipe;
  const folder = join(cache, 'images');
  await mkdir(folder, { recursive: true });
  await ensureBuilders(say);
  await using _lock = await fileLock(join(folder, 'lock'));
  await using buildah = new Buildah(folder, await driverFor(folder));
  await ensureBases(buildah, folder, say);
  say(`building ${name}`);
  await buildah.build(name, recipe.dockerfile, recipe.context);
  const id = await buildah.idOf(name);
  const archive = join(folder, `${basename(name).replace(':', '-')}.tar`);
  if (!existsSync(archive) || (await textOf(`${archive}.id`)) !== id) {
    await rm(`${archive}.id`, { force: true });
    await rm(`${archive}.new`, { force: true });
    await buildah.save(name, `${archive}.new`);
    await rename(`${archive}.new`, archive);
    await writeFile(`${archive}.id`, id);
  }
  return { name, archive, id };
}

/** The kernel's overlay shares what layers have in common; it does not go on top of another overlay. */
async function driverFor(folder: string): Promise<'overlay' | 'vfs'> {
  return (await statfs(folder)).type === overlayfs ? 'vfs' : 'overlay';
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}
