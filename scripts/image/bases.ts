import { existsSync } from 'node:fs';
import { mkdir, realpath, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { fail } from '../../src/lib/errors.ts';
import { exec } from '../../src/lib/exec.ts';
import type { Buildah } from './buildah.ts';

const debian = 'docker.io/library/debian:12-slim';
const node = 'docker.io/library/node:24-bookworm-slim';
/** Whom this machine trusts, which may be more than Node.js does by itself: npm is to reach its registry as it does here. */
const trusted = '/etc/ssl/certs/ca-certificates.crt';
const hooks = '/usr/share/mmdebstrap/hooks/merged-usr';
const unread = ['doc/*', 'man/*', 'locale/*', 'info/*', 'lintian/*'];
const aQuarterOfAnHour = 900_000;

/** Ensures local images under the names that the Dockerfile begins with, made from packages where none can be pulled. */
export async function ensureBases(buildah: Buildah, folder: string, say: (text: string) => void): Promise<void> {
  if ((await buildah.recipeOf(debian)) !== hooks) await makeDebian(buildah, folder, say);
  const npm = await npmFolder();
  const recipe = [process.version, npm, trusted].join(' ');
  if ((await buildah.recipeOf(node)) !== recipe) await makeNode(buildah, npm, recipe, say);
}

/** What `debian:12-slim` has, and no more: essential packages and apt, without documentation. */
async function makeDebian(buildah: Buildah, folder: string, say: (text: string) => void): Promise<void> {
  say('making debian:12-slim from Debian packages (once)');
  await mkdir(folder, { recursive: true });
  const archive = join(folder, `.debian-${process.pid}.tar`);
  const options = [
    `--setup-hook=${hooks}/setup00.sh "$1"`,
    `--essential-hook=${hooks}/essential00.sh "$1"`,
    ...unread.map((path) => `--dpkgopt=path-exclude=/usr/share/${path}`),
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
  ];
  try {
    const made = ['mmdebstrap', '--quiet', '--variant=minbase', ...options, 'bookworm', archive] as const;
    await exec(made, { timeout: aQuarterOfAnHour });
    await buildah.make(debian, { files: [[archive, '/']], recipe: hooks });
  } finally {
    await rm(archive, { force: true });
  }
}

/** A Node.js and an npm to build with: those that run now. */
async function makeNode(buildah: Buildah, npm: string, recipe: string, say: (text: string) => void): Promise<void> {
  say('making node:24-bookworm-slim from the Node.js and npm that run this (once)');
  await buildah.make(node, {
    from: debian,
    files: [
      [process.execPath, '/usr/local/bin/node'],
      [npm, '/usr/local/lib/node_modules/npm'],
      ...(existsSync(trusted) ? ([[trusted, trusted]] as const) : []),
    ],
    recipe,
    env: { NODE_EXTRA_CA_CERTS: trusted },
    run: ['ln', '-s', '../lib/node_modules/npm/bin/npm-cli.js', '/usr/local/bin/npm'],
  });
}

/** Where the npm is that a person calls here: what its command links to is npm/bin/npm-cli.js. */
async function npmFolder(): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const program = await realpath(join(folder, 'npm')).catch(() => '');
    if (program.endsWith('/npm/bin/npm-cli.js')) return dirname(dirname(program));
  }
  fail('not-found', 'there is no npm in PATH: install it, to build the image with');
}
