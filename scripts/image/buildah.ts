import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ExecResult, exec } from '../../src/lib/exec.ts';

/** What goes into an image that is made by hand. */
export interface Layer {
  /** The image that it goes on; without it, on nothing. */
  readonly from?: string;
  /** Path here (a tar archive is unpacked) → path in the image. */
  readonly files: readonly (readonly [string, string])[];
  /** A program of the image, run in it after that. */
  readonly run?: readonly string[];
  /** How it was made: what is made otherwise is to be made again. */
  readonly recipe: string;
  /** Variables of every program in it. */
  readonly env?: Readonly<Record<string, string>>;
}

const usual = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
const recipeLabel = 'moorage.recipe';
const anHour = 3_600_000;

/** So many steps of earlier builds are kept, to be taken again. */
const keptSteps = 40;

/**
 * buildah with a store of its own in a folder: builds images without a daemon, in a chroot. One process at a time may
 * have it. Disposing takes away what builds that were cut off have left, and its mounts.
 */
export class Buildah implements AsyncDisposable {
  readonly #folder: string;
  readonly #store: readonly string[];
  readonly #env: Readonly<Record<string, string>>;

  constructor(folder: string, driver: 'overlay' | 'vfs') {
    this.#folder = join(folder, 'store', driver);
    this.#store = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run')];
    this.#env = { STORAGE_DRIVER: driver, BUILDAH_ISOLATION: 'chroot' };
  }

  /** The recipe of an image that was made here, or undefined if there is none. */
  async recipeOf(image: string): Promise<string | undefined> {
    const format = `{{index .OCIv1.Config.Labels "${recipeLabel}"}}`;
    const { code, stdout } = await this.#run(['inspect', '--type', 'image', '--format', format, image], [0, 125]);
    return code === 0 ? stdout.trim() : undefined;
  }

  /** The id of an image, which changes with its content. */
  async idOf(image: string): Promise<string> {
    const { stdout } = await this.#run(['inspect', '--type', 'image', '--format', '{{.FromImageID}}', image]);
    return stdout.trim();
  }

  /** Makes an image of files. */
  async make(image: string, { from = 'scratch', files, run, env, recipe }: Layer): Promise<void> {
    const { stdout } = await this.#run(['from', '--pull-never', from]);
    const container = stdout.trim();
    try {
      for (const [source, target] of files) await this.#run(['add', container, source, target]);
      if (run) await this.#run(['run', container, '--', ...run]);
      const variables = Object.entries({ ...usual, ...env }).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
      await this.#run(['config', ...variables, '--label', `${recipeLabel}=${recipe}`, container]);
      await this.#run(['commit', container, image]);
    } finally {
      await this.#run(['rm', container]);
    }
  }

  /** Builds a Dockerfile; steps whose input has not changed are taken from the last time. */
  async build(image: string, dockerfile: string, context: string): Promise<void> {
    const ignored = `${dockerfile}.dockerignore`;
    const ignore = existsSync(ignored) ? ['--ignorefile', ignored] : [];
    await this.#run(['bud', '--pull-never', '--layers', ...ignore, '-f', dockerfile, '-t', image, context]);
  }

  /** Writes an image into one file, as every container runtime can load it. */
  async save(image: string, archive: string): Promise<void> {
    await this.#run(['push', '--disable-compression', image, `oci-archive:${archive}:${image}`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#run(['rm', '--all']);
    const { stdout } = await this.#run(['images', '--quiet', '--filter', 'dangling=true']);
    if (stdout.split('\n').length > keptSteps) await this.#run(['rmi', '--prune']);
    await exec(['umount', '--', this.#folder], { ok: [0, 1, 32] });
  }

  #run(args: readonly string[], ok: readonly number[] = [0]): Promise<ExecResult> {
    return exec(['buildah', ...this.#store, ...args], { env: this.#env, timeout: anHour, ok });
  }
}
