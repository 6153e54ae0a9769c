import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, isCode } from '../../../src/lib/errors.ts';
import { exec } from '../../../src/lib/exec.ts';
import { kubeCache } from './cache.ts';
import { type Family, familiesOf, kubeVersion, type Tool } from './families.ts';
import { fileLock } from './file-lock.ts';

/** What can be said when a program is asked for. */
export interface ToolOptions {
  /** The minor version of Kubernetes; default: that of `MOORAGE_KUBE_VERSION`. */
  readonly version?: string;
  /** Is told before what takes time. */
  readonly say?: (text: string) => void;
}

/** Where all programs that go with a minor version of Kubernetes are found under their plain names: a folder of links. */
export function toolsFolder(version = kubeVersion): string {
  return join(kubeCache, version, 'bin');
}

const here = fileURLToPath(new URL('.', import.meta.url));
/** Static, so that they also run in images that hold nothing else. */
const settings = { CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOTOOLCHAIN: 'local' };
const anHour = 3_600_000;

/**
 * The path of a program, which is built if the cache does not have it yet. Safe to be called by several processes at
 * once; a build that was interrupted leaves nothing that looks whole.
 */
export async function tool(name: string, options: ToolOptions = {}): Promise<string> {
  const { version: kube = kubeVersion, say = () => {} } = options;
  const family = familiesOf(kube).find(({ tools }) => tools.some((tool) => tool.name === name));
  const found = family?.tools.find((tool) => tool.name === name);
  if (!family || !found) fail('not-found', `there is no tool ${name} in test/kube/tools/families.ts`);
  const { version, key } = await pinned(family);
  const folder = join(kubeCache, `${family.folder}-${key}`);
  const path = join(folder, name);
  if (!existsSync(path)) {
    await using _lock = await fileLock(join(kubeCache, `${family.folder}.lock`));
    if (!existsSync(path)) {
      say(`building ${name} ${version} (once; it is kept in ${kubeCache})`);
      const started = performance.now();
      await build(family, found, version, path);
      say(`built ${name} in ${Math.round((performance.now() - started) / 1000)} s`);
    }
  }
  await link(path, join(toolsFolder(kube), name));
  return path;
}

/** The version in the family's go.mod, and a key that changes with anything that goes into its programs. */
async function pinned({ folder, module }: Family): Promise<{ version: string; key: string }> {
  const files = ['go.mod', 'go.sum'].map((name) => join(here, folder, name));
  const [mod, sum] = await Promise.all(
    files.map((file) =>
      readFile(file, 'utf8').catch((cause: unknown) =>
        fail('not-found', `${file} cannot be read: MOORAGE_KUBE_VERSION has to be one of the folders there`, cause),
      ),
    ),
  );
  const line = mod?.split('\n').find((text) => text.replace(/^\s*(require )?/, '').startsWith(`${module} v`));
  const version = line?.match(/ (v\d\S*)/)?.[1];
  if (!version) fail('invalid', `${files[0]} does not require ${module}`);
  const hash = createHash('sha256')
    .update(JSON.stringify([mod, sum, settings]))
    .digest('hex')
    .slice(0, 12);
  return { version, key: `${version}-${hash}` };
}

async function build(family: Family, { name, package: main, tests }: Tool, version: string, path: string) {
  const unfinished = `${path}.unfinished`;
  const variables = (family.versionVariables ?? []).map((variable) => `-X ${variable}=${version}`);
  await mkdir(dirname(path), { recursive: true });
  try {
    await exec(
      [
        'go',
        ...(tests ? ['test', '-c'] : ['build']),
        '-trimpath',
        '-ldflags',
        ['-s -w', ...variables].join(' '),
        '-o',
        unfinished,
        main,
      ],
      {
        cwd: join(here, family.folder),
        env: { ...settings, PATH: `${process.env['PATH']}:/usr/local/go/bin` },
        timeout: anHour,
      },
    ).catch((error: unknown) => {
      if (!isCode(error, 'unsupported')) throw error;
      return fail('unsupported', `${name} is built from its Go module: install Go 1.26 or newer, from go.dev`, error);
    });
    if (!existsSync(unfinished)) fail('internal', `go made no ${name} of ${main}`);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
}

async function link(target: string, path: string): Promise<void> {
  if ((await readlink(path).catch(() => '')) === target) return;
  const unfinished = `${path}.${randomUUID()}`;
  await mkdir(dirname(path), { recursive: true });
  await symlink(target, unfinished);
  await rename(unfinished, path);
}
