/**
 * What tests and demo need of the machine, before they start. As root on a Debian-like machine it installs what is
 * missing, and prints a line for each thing that it does; otherwise it only says what is missing. Flags: --quiet prints
 * nothing unless something is done or missing, --tests also prepares what only the tests use.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goClient } from './go-client.ts';
import { installPythonClient, pythonClient } from './python-client.ts';

interface Tool {
  readonly program: string;
  /** Debian package that has it. */
  readonly package: string;
  readonly why: string;
  /** Without it the demo can't run as root. */
  readonly needed: boolean;
}

const tools: readonly Tool[] = [
  { program: 'mkfs.xfs', package: 'xfsprogs', why: 'XFS volumes and pools', needed: true },
  { program: 'mkfs.ext4', package: 'e2fsprogs', why: 'ext4 volumes', needed: true },
  { program: 'blkid', package: 'util-linux', why: 'looking at devices', needed: true },
  { program: 'losetup', package: 'mount', why: 'block volumes', needed: true },
  { program: 'flock', package: 'util-linux', why: 'moorage run', needed: true },
  { program: 'unshare', package: 'util-linux', why: 'moorage run', needed: true },
  { program: 'setpriv', package: 'util-linux', why: 'moorage run --user', needed: true },
  { program: 'kubectl', package: 'kubernetes-client', why: 'talking to the API as people do', needed: true },
  { program: 'fio', package: 'fio', why: 'measuring', needed: false },
];
/** What only tests use. */
const testTools: readonly Tool[] = [
  { program: 'mkfs.btrfs', package: 'btrfs-progs', why: 'testing pools of quota directories', needed: false },
  { program: 'python3', package: 'python3', why: 'testing with the Python client', needed: false },
  { program: 'pip3', package: 'python3-pip', why: 'installing the Python client', needed: false },
  { program: 'zsh', package: 'zsh', why: 'testing completion', needed: false },
  { program: 'fish', package: 'fish', why: 'testing completion', needed: false },
  { program: 'strace', package: 'strace', why: 'testing what is durable', needed: false },
];

const root = fileURLToPath(new URL('..', import.meta.url));
/** Where programs go that are built for the tests. */
const bin = join(root, '.cache/bin');
const sanity = 'github.com/kubernetes-csi/csi-test/v5/cmd/csi-sanity@v5.6.0';

const flags = new Set(process.argv.slice(2));
const forTests = flags.has('--tests');
const say = (text: string) => console.log(`setup: ${text}`);

function find(program: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/go/bin'];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function isMissing({ program }: Tool): boolean {
  return !(program === 'kubectl' && process.env['KUBECTL']) && find(program) === undefined;
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): boolean {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env: { ...process.env, ...env } });
  if (status === 0) return true;
  const words = (stderr || error?.message || '').trim().split('\n').slice(-3).join('\n  ');
  say(`${command} ${args.join(' ')} failed:\n  ${words}`);
  return false;
}

function installPackages(missing: readonly Tool[]): void {
  const apt = find('apt-get');
  const packages = [...new Set(missing.map((tool) => tool.package))];
  const what = missing.map(({ program, why }) => `${program} (${why})`).join(', ');
  if (process.getuid?.() !== 0 || !apt) {
    const how = apt
      ? `as root: apt-get install ${packages.join(' ')}`
      : `install what has them, on Debian ${packages.join(' ')}`;
    say(`missing: ${what}; ${how}`);
    return;
  }
  say(`installing ${packages.join(', ')}, for ${what}`);
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = (names: readonly string[]) =>
    run(apt, ['install', '-y', '-q', '--no-install-recommends', ...names], quiet);
  if (install(packages)) return;
  run(apt, ['update', '-q'], quiet);
  // One at a time: what this distribution does not have must not keep the others away.
  for (const name of packages) install([name]);
}

/** Programs in Go that tests use, where they are not there yet: each takes minutes, once. */
function buildPrograms(): void {
  const client = goClient();
  const isThere = { sanity: existsSync(join(bin, 'csi-sanity')), client: existsSync(client.file) };
  if (isThere.sanity && isThere.client) return;
  const go = find('go');
  if (!go) {
    say('there is no Go here, which the tests with csi-sanity and with client-go take: install Go to have them');
    return;
  }
  if (!isThere.sanity) {
    say(`building csi-sanity (${sanity})`);
    run(go, ['install', sanity], { GOBIN: bin });
  }
  if (!isThere.client) {
    say('building the client of test/go-client');
    run(go, client.build.slice(1));
  }
}

function addPythonClient(): void {
  if (existsSync(pythonClient)) return;
  say('installing the Python client');
  try {
    installPythonClient();
  } catch (error) {
    say(String(error));
  }
}

const missing = [...tools, ...(forTests ? testTools : [])].filter(isMissing);
if (missing.length > 0) installPackages(missing);
if (forTests) {
  buildPrograms();
  addPythonClient();
}
const left = tools.filter((tool) => tool.needed && isMissing(tool));
if (left.length > 0 && process.getuid?.() === 0) {
  say(`still missing: ${left.map(({ program }) => program).join(', ')}`);
  process.exitCode = left.some(({ program }) => program === 'kubectl') ? 1 : 0;
} else if (!flags.has('--quiet') && missing.length === 0) {
  say('everything that is needed is here');
}
