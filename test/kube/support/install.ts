import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildImage, type Image } from '../../../scripts/image/build.ts';
import { exec } from '../../../src/lib/exec.ts';
import type { Cluster } from '../cluster/index.ts';
import { tool } from '../tools/build.ts';

/** What can be chosen of an installation. */
export interface InstallOptions {
  /** Values of the chart, besides those of the tests. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Is told before what takes time. */
  readonly say?: (text: string) => void;
}

/** The namespace that Moorage is installed in. */
export const home = 'moorage';
const chart = join(import.meta.dirname, '../../../deploy/chart');

/**
 * Installs Moorage as an administrator does: the image of this checkout on every node, and the chart by Helm. Returns
 * when all of it is ready. What is installed already is brought up to date, and is left alone if it is. With
 * `MOORAGE_KUBE_INSTALLED` it is tested as it is, whatever it is.
 */
export async function installMoorage(
  cluster: Cluster,
  { values = {}, say = () => {} }: InstallOptions = {},
): Promise<void> {
  if (process.env['MOORAGE_KUBE_INSTALLED']) return;
  const image = await buildImage(say);
  await importOnce(cluster, image, say);
  // The tag stays the same from one change of the sources to the next: the annotation makes new pods of a new image.
  const podAnnotations = { 'moorage.dev/image': image.id };
  const all = { controller: { podAnnotations }, agent: { podAnnotations }, ...values };
  say('installing the chart');
  await helm(
    cluster,
    [
      'upgrade',
      'moorage',
      chart,
      '--install',
      `--namespace=${home}`,
      '--create-namespace',
      '--values=-',
      '--wait',
      '--timeout=3m',
    ],
    JSON.stringify(all),
  );
}

/** Runs Helm as the administrator, and returns what it prints. */
export async function helm(cluster: Cluster, args: readonly string[], input?: string): Promise<string> {
  const env = { KUBECONFIG: cluster.kubeconfig };
  const options = { env, timeout: 240_000, ...(input !== undefined && { input }) };
  return (await exec([await tool('helm'), ...args], options)).stdout;
}

/** Gives every node an image, unless they have it. */
export async function importOnce(
  cluster: Cluster,
  { archive, id, name }: Image,
  say: (text: string) => void,
): Promise<void> {
  const mark = join(cluster.layout.directory, 'images', name.replace(/\W+/g, '-'));
  if ((await readFile(mark, 'utf8').catch(() => undefined)) === id) return;
  say(`giving every node ${name}`);
  await cluster.importImage(archive);
  await mkdir(dirname(mark), { recursive: true });
  await writeFile(mark, id);
}
