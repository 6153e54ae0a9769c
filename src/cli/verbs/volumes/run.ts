import { randomBytes } from 'node:crypto';
import { access, chown, constants, lstat, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { KubeApi } from '../../../api/kube/index.ts';
import { makeDirectory } from '../../../lib/directories.ts';
import { fail, messageOf } from '../../../lib/errors.ts';
import { type Mount, mounts } from '../../../model/kinds/index.ts';
import { refTo } from '../../../model/object.ts';
import { readMounts } from '../../../node/mountinfo.ts';
import { connect, namespaceOf } from '../../connection.ts';
import { dataDirectory } from '../../flags/data-directory.ts';
import { getClaim, readTimeout } from '../../objects/claims.ts';
import { unmount, waitMounted } from '../../objects/mounts.ts';
import { requireMounts } from '../../objects/served-kinds.ts';
import { Progress } from '../../output/progress.ts';
import type { Terminal } from '../../output/terminal.ts';
import { type Binding, readBindings, variableOf } from '../../run/bindings.ts';
import { exitCodeOf, launch, passSignals } from '../../run/launch.ts';
import { type Owner, takeOwnership } from '../../run/owner.ts';
import { Places } from '../../run/places.ts';
import { readUser, type User } from '../../run/user.ts';
import type { Call } from '../../verb.ts';

/**
 * Runs a program on claims: mounts them, shows them to the program at their paths, and unmounts them when the program
 * ends. The Mounts are owned by the program through a lock that it inherits, so they go even if we are killed.
 */
export async function run({ args, flags, terminal }: Call): Promise<number> {
  const bindings = readBindings(flags.claim ?? []);
  if (args.length === 0) fail('invalid', 'say what to run: moorage run --claim NAME:PATH -- PROGRAM …');
  const asRoot = process.getuid?.() === 0;
  if (flags.user && !asRoot) fail('permission', `--user ${flags.user}: only root can run a program as another user`);
  const user = flags.user ? await readUser(flags.user) : undefined;
  const data = dataDirectory(flags.data);
  await using api = await connect(flags);
  const namespace = namespaceOf(flags, api);
  await requireMounts(api, `running ${args[0]}`);
  for (const { claim } of bindings) await getClaim(api, namespace, claim);

  await using owner = await takeOwnership(join(data, 'run/owners'));
  using progress = new Progress(terminal, 'mounting');
  const folder = join(data, 'run/mounts');
  await makeDirectory(folder, 0o700);
  const where = new Places(join(data, 'run'));
  const made: Mount[] = [];
  const stopped = new AbortController();
  const stop = () => stopped.abort();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    for (const binding of bindings) {
      const path = asRoot ? undefined : await symlinkPath(binding.path);
      made.push(await api.create(mounts, mountFor({ binding, path, folder, namespace, owner, argv: args })));
    }
    const timeout = readTimeout(flags.timeout);
    await Promise.race([
      Promise.all(made.map((mount) => waitMounted(api, mount, progress, timeout))),
      new Promise((_, reject) => stopped.signal.addEventListener('abort', () => reject(new Error('interrupted')))),
    ]);
    progress[Symbol.dispose]();
    process.off('SIGINT', stop).off('SIGTERM', stop);
    const places = bindings.map((binding, at) => ({ ...binding, source: made[at]?.spec.path ?? binding.path }));
    if (user) for (const { source } of places) await handOver(source, user);
    for (const { claim, path, source } of asRoot ? [] : places) {
      if (source !== path) {
        terminal.note(
          `moorage: ${path} can't be made without root; claim ${claim} is at ${source} ($${variableOf(claim)})`,
        );
      }
    }
    using lock = asRoot ? await where.make(places) : undefined;
    const child = launch({
      argv: args,
      env: Object.fromEntries(places.map(({ claim, path, source }) => [variableOf(claim), asRoot ? path : source])),
      binds: asRoot ? places : [],
      user,
      hide: asRoot ? await mountsBelow(data) : [],
      descriptor: owner.descriptor,
      places: lock?.descriptor,
    });
    lock?.[Symbol.dispose]();
    using _ = passSignals(child);
    const code = await exitCodeOf(child).catch((error: NodeJS.ErrnoException) => {
      terminal.note(`moorage: ${args[0]} could not be started: ${messageOf(error)}`);
      return error.code === 'ENOENT' ? 127 : 126;
    });
    return code;
  } finally {
    if (asRoot) await where.takeAway().catch((error: unknown) => terminal.note(`moorage: ${messageOf(error)}`));
    await takeDown(api, made, terminal);
  }
}

function mountFor(of: {
  readonly binding: Binding;
  readonly path: string | undefined;
  readonly folder: string;
  readonly namespace: string;
  readonly owner: Owner;
  readonly argv: readonly string[];
}): Mount {
  const { binding, owner } = of;
  const name = `${binding.claim.slice(0, 50)}-run-${randomBytes(4).toString('hex')}`;
  return {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Mount',
    metadata: { name, namespace: of.namespace },
    spec: {
      claim: binding.claim,
      path: of.path ?? join(of.folder, name),
      readOnly: binding.readOnly,
      owner: { lockFile: owner.lockFile, description: `moorage run ${of.argv[0]} (process ${process.pid})` },
    },
  };
}

/** Without root, a claim appears as a symbolic link: at its path if that can be made, else where we say. */
async function symlinkPath(path: string): Promise<string | undefined> {
  const isFree = await lstat(path).then(
    () => false,
    () => true,
  );
  const isWritable = await access(dirname(path), constants.W_OK).then(
    () => true,
    () => false,
  );
  return isFree && isWritable ? path : undefined;
}

/** Gives a new, empty volume to the user, so that the program can write. A volume with content keeps its owners. */
async function handOver(path: string, user: User): Promise<void> {
  const found = await stat(path);
  if (found.uid !== 0) return;
  if (found.isDirectory() && (await readdir(path)).some((name) => name !== 'lost+found')) return;
  await chown(path, user.uid, user.gid);
}

/** Mounts below the data directory, newest first: what is bound stays reachable at its new path without them. */
async function mountsBelow(data: string): Promise<string[]> {
  const targets = (await readMounts()).map(({ target }) => target);
  return targets.filter((target) => target.startsWith(`${data}/`)).reverse();
}

async function takeDown(api: KubeApi, made: readonly Mount[], terminal: Terminal): Promise<void> {
  using progress = new Progress(terminal, 'unmounting');
  const one = async (mount: Mount) => {
    try {
      await unmount(api, refTo(mount), progress, 30_000);
    } catch (error) {
      terminal.note(`moorage: ${messageOf(error)}`);
    }
  };
  await Promise.all(made.map(one));
}
