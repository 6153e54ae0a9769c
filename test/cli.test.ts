import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exitCodes } from '../src/lib/errors.ts';
import { leftovers } from './support/leftovers.ts';
import { Program, root } from './support/program.ts';

const asRoot = process.getuid?.() === 0;
const moorage = join(root, 'bin/moorage');
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'moorage-cli-'));
});

afterAll(async () => {
  await rm(home, { recursive: true, force: true });
});

/** Runs `moorage` to its end, whatever that is. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(moorage, args, {
    encoding: 'utf8',
    timeout: 60_000,
    env: { ...process.env, KUBECONFIG: '', MOORAGE_DATA: join(home, 'nothing'), ...env },
  });
  return { status, stdout, stderr };
}

describe('without a running Moorage', () => {
  it('shows every verb with --help, and examples with the help of each', () => {
    const help = run(['--help']).stdout;
    const verbs = [...help.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] ?? '');
    expect(verbs).toEqual(
      expect.arrayContaining(['up', 'kubeconfig', 'status', 'explain', 'mount', 'umount', 'run', 'snapshot']),
    );
    expect(help).toContain('Exit codes: 0 success');
    for (const verb of verbs.filter((name) => name !== 'help')) {
      const { status, stdout } = run([verb, '--help']);
      expect(status, verb).toBe(0);
      expect(stdout, verb).toContain('Examples:');
    }
  });

  it('says its version', () => {
    expect(run(['version']).stdout).toMatch(/^moorage \d+\.\d+\.\d+ \(Node\.js 2\d/);
    for (const flag of ['--version', '-V']) {
      expect(run([flag])).toMatchObject({ status: 0, stdout: expect.stringMatching(/^moorage \d+\.\d+\.\d+\n$/) });
    }
    expect(JSON.parse(run(['version', '-o', 'json']).stdout)).toHaveProperty('moorage');
  });

  it.each([
    [['stat'], /unknown command 'stat'[\s\S]*Did you mean status\?/],
    [['mount', 'data'], /missing required argument 'path'/],
    [['up', '--port', 'http'], /--port http: a port is a number/],
    [['up', '--backend', 'tape'], /--backend tape: it is one of auto, image, directory/],
    [['up', '--csi', 'nonsense'], /--csi nonsense: give the driver's name/],
    [['up', '--log-level', 'loud'], /--log-level loud: it is one of/],
    [['up', '--node', 'no_such name'], /--node no_such name: the name of a node/],
    [['run', '--claim', 'data', 'ls'], /--claim data: write NAME:PATH/],
    [['run', '--claim', 'data:/data:RO', 'ls'], /"RO" is no mode/],
    [['run', '--claim', 'data:/', 'ls'], /can't stand in the place of \//],
    [['explain', 'data'], /write KIND\/NAME/],
    [['completion', 'tcsh'], /bash, zsh, fish/],
  ])('refuses %j with exit code 2', (args, message) => {
    const { status, stderr } = run(args);
    expect(stderr).toMatch(message);
    expect(status).toBe(exitCodes.invalid);
  });

  it('says that nothing runs, and what to do', () => {
    const status = run(['status']);
    expect(status.stderr).toMatch(/start Moorage with "moorage up"/);
    expect(status.status).toBe(exitCodes['not-ready']);
    const kubeconfig = run(['kubeconfig']);
    expect(kubeconfig.stderr).toMatch(/"moorage up" makes it/);
    expect(kubeconfig.status).toBe(exitCodes['not-found']);
  });

  it('looks at the machine with doctor', () => {
    const { status, stdout } = run(['doctor', '-o', 'json']);
    const findings = JSON.parse(stdout) as { what: string; state: string }[];
    expect(findings.map(({ what }) => what)).toEqual(
      expect.arrayContaining(['Node.js', 'programs', 'loop devices', 'reflink', 'space', 'port', 'inotify']),
    );
    expect(status).toBe(findings.some(({ state }) => state === 'bad') ? 1 : 0);
  });

  it('refuses a data directory that others can read', async () => {
    const data = await mkdtemp(join(home, 'open-'));
    await chmod(data, 0o755);
    const { status, stderr } = run(['up', '--data', data, '--port', '0']);
    expect(stderr).toMatch(/can be read by other users \(mode 755\)/);
    expect(stderr).toContain(`chmod go= ${data}`);
    expect(status).toBe(exitCodes.permission);
  });
});

describe('up', () => {
  let program: Program;

  beforeAll(async () => {
    program = new Program({ data: join(home, 'up') });
    await program.start();
  });

  afterAll(async () => {
    await program.end('SIGTERM');
  });

  it('refuses a second one on the same data, and names the first', () => {
    const { status, stderr } = run(['up', '--port', '0'], program.env);
    expect(stderr).toContain(`${program.pid}`);
    expect(stderr).toContain(program.data);
    expect([exitCodes.busy, exitCodes['in-use']]).toContain(status);
  });

  it('refuses a port that is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address ? String(address.port) : '';
    const { status, stderr } = run(['up', '--port', port, '--data', join(home, 'port')]);
    server.close();
    expect(stderr).toMatch(new RegExp(`port ${port}.*another program has that port`));
    expect(status).toBe(exitCodes['in-use']);
  });

  it('refuses a store that is damaged, and changes nothing', async () => {
    const other = new Program({ data: join(home, 'damaged') });
    await other.start();
    await other.end('SIGTERM');
    const store = join(other.data, 'store.db');
    const { size } = await stat(store);
    await truncate(store, size - 2_048);
    await copyFile(store, `${store}.before`);
    const { status, stderr } = run(['up', '--port', '0'], other.env);
    expect(stderr).toMatch(/the store .* is damaged/);
    expect(status).toBe(exitCodes.corrupted);
    expect(await readFile(store)).toEqual(await readFile(`${store}.before`));
  });

  it('refuses a kubeconfig that others can read', async () => {
    const other = new Program({ data: join(home, 'leaky') });
    await other.start();
    await other.end('SIGTERM');
    await chmod(other.kubeconfig, 0o644);
    const { status, stderr } = run(['up', '--port', '0'], other.env);
    expect(stderr).toContain(`chmod go= ${other.kubeconfig}`);
    expect(status).toBe(exitCodes.permission);
  });

  it('keeps its data directory to itself', async () => {
    expect((await stat(program.data)).mode & 0o777).toBe(0o700);
    expect((await stat(program.kubeconfig)).mode & 0o777).toBe(0o600);
  });

  it('prints the kubeconfig, and a status for people and for programs', async () => {
    expect((await program.run('kubeconfig')).stdout).toBe(`${program.kubeconfig}\n`);
    const { stdout } = await program.run('status');
    expect(stdout).toContain(`Moorage runs as process ${program.pid}`);
    expect(stdout).toMatch(/^default +Ready/m);
    const data = JSON.parse((await program.run('status', '-o', 'json')).stdout);
    expect(data.pools[0]).toMatchObject({ name: 'default', phase: 'Ready' });
    expect(data.problems).toEqual([]);
  });

  it('serves its metrics', async () => {
    const text = await program.kubectl(['get', '--raw', '/metrics']);
    expect(text).toMatch(/^moorage_objects\{kind="Pool",phase="Ready"\} 1$/m);
    expect(text).toMatch(/^moorage_pool_total_bytes\{pool="default",node="[^"]+"\} \d+/m);
    expect(text).toMatch(/^moorage_csi_call_seconds_count\{/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m);
  });

  it('ends at once on a second signal, and in order on one', async () => {
    const other = new Program({ data: join(home, 'signals') });
    await other.start();
    const started = performance.now();
    await other.end('SIGINT');
    expect(performance.now() - started).toBeLessThan(10_000);
    const { status, stderr } = run(['status'], other.env);
    expect(stderr).toMatch(/^moorage: Moorage is not running at https:\S+; start it with `moorage up`\n$/);
    expect(status).toBe(exitCodes['not-ready']);
  });
});

describe('claims', () => {
  let program: Program;
  const claim = (name: string, size: string, storageClass = 'fast') => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: ${name} }
spec:
  storageClassName: ${storageClass}
  accessModes: [ReadWriteOnce]
  resources: { requests: { storage: ${size} } }
---`;

  beforeAll(async () => {
    program = new Program({ data: join(home, 'claims') });
    await program.start();
    await program.kubectl(['apply', '-f', '-'], {
      input: `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: fast }
provisioner: csi.moorage.dev
allowVolumeExpansion: true
parameters: { fsType: xfs }
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: late }
provisioner: csi.moorage.dev
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: snapshot.storage.k8s.io/v1
kind: VolumeSnapshotClass
metadata: { name: standard, annotations: { snapshot.storage.kubernetes.io/is-default-class: "true" } }
driver: csi.moorage.dev
deletionPolicy: Delete
---${claim('data', '320Mi')}${claim('huge', '900Ti')}${claim('nowhere', '1Gi', 'none')}${claim('later', '64Mi', 'late')}`,
    });
    await program.until('pvc/data', '.status.phase', 'Bound');
  });

  afterAll(async () => {
    await program.kubectl(['delete', 'mounts,volumesnapshots,pvc', '--all', '--timeout=60s']);
    await program.kubectl(['wait', 'pv', '--all', '--for=delete', '--timeout=30s']).catch(() => {});
    await program.end('SIGTERM');
    expect(await leftovers(home)).toEqual([]);
  });

  /** The exit code and the words of a command that is expected to fail. */
  async function failure(...args: string[]) {
    const { code, stderr } = await program.runWith({ ok: Object.values(exitCodes) }, ...args);
    return { code, stderr };
  }

  it('explains a bound claim by where its bytes are', async () => {
    const { stdout } = await program.run('explain', 'pvc/data');
    expect(stdout).toMatch(/bound to pvc-[-0-9a-f]+, 320Mi/);
    expect(stdout).toMatch(/in pool default on node/);
    expect(stdout).toContain('moorage mount data PATH');
  });

  it('explains a claim that no pool can hold by each pool', async () => {
    const { stdout } = await program.run('explain', 'pvc/huge');
    expect(stdout).toMatch(/✗ pool default on node .*900Ti was asked for/);
    expect(stdout).toContain('ask for less');
    const report = JSON.parse((await program.run('explain', 'pvc/huge', '-o', 'json')).stdout);
    expect(report).toMatchObject({ isWell: false });
  });

  it('explains a claim whose class does not exist, and one that waits for a consumer', async () => {
    const nowhere = (await program.run('explain', 'pvc/nowhere')).stdout;
    expect(nowhere).toContain('asks for class none, which does not exist');
    expect(nowhere).toMatch(/there are: .*fast/);
    const later = (await program.run('explain', 'pvc/later')).stdout;
    expect(later).toContain('waiting for first consumer');
    expect(later).toContain('moorage mount later PATH');
  });

  it('explains volumes, their PersistentVolumes and pools, and knows what it does not know', async () => {
    const pv = (await program.kubectl(['get', 'pvc', 'data', '-o', 'jsonpath={.spec.volumeName}'])).trim();
    expect((await program.run('explain', `pv/${pv}`)).stdout).toMatch(/Bound, claimed by default\/data/);
    expect((await program.run('explain', `volume/${pv}`)).stdout).toMatch(/ready, 320 MiB/);
    expect((await program.run('explain', 'pool/default')).stdout).toMatch(/backend (image|directory), because/);
    expect(await failure('explain', 'pvc/nix')).toMatchObject({ code: exitCodes['not-found'] });
    expect(await failure('explain', 'secret/x')).toMatchObject({ code: exitCodes.invalid });
  });

  it('shows what is wrong in the status', async () => {
    const { stdout } = await program.run('status');
    expect(stdout).toContain('pvc/huge:');
    expect(stdout).toContain('moorage explain pvc/nowhere');
    expect(stdout).not.toContain('pvc/later:');
  });

  it('mounts, says it again, shows it in explain, and unmounts by path', async () => {
    const path = join(home, 'srv');
    expect((await program.run('mount', 'data', path)).stdout).toContain(`${path} is default/data`);
    await program.run('mount', 'data', path);
    await writeFile(join(path, 'greeting'), 'hello');
    const mount = (await program.kubectl(['get', 'mounts', '-o', 'name'])).trim();
    const { stdout } = await program.run('explain', mount.replace(/^mount[^/]*/, 'mount'));
    expect(stdout).toContain(`mounted at ${path}`);
    expect((await program.run('umount', path)).stdout).toContain('is unmounted');
    await expect(stat(join(path, 'greeting'))).rejects.toThrow();
    expect(await failure('umount', path)).toMatchObject({ code: exitCodes['not-found'] });
  });

  it('says why a path can not be used', async () => {
    const path = join(home, 'full');
    await writeFile(path, 'mine');
    const { code, stderr } = await failure('mount', 'data', path, '--timeout', '5');
    expect(stderr).toContain("can't be used");
    expect(code).not.toBe(0);
    expect((await program.kubectl(['get', 'mounts', '-o', 'name'])).trim(), 'nothing is left of a failed mount').toBe(
      '',
    );
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  it('runs a program on a claim, passes its exit code on, and leaves no mount', async () => {
    const path = join(home, 'inside');
    const script = 'cat "$MOORAGE_CLAIM_DATA/greeting"; exit 42';
    const result = await program.runWith({ ok: [42] }, 'run', '--claim', `data:${path}`, '--', 'sh', '-c', script);
    expect(result.stdout).toContain('hello');
    expect((await program.kubectl(['get', 'mounts', '-o', 'name'])).trim()).toBe('');
    await expect(stat(join(path, 'greeting'))).rejects.toThrow();
  });

  it.skipIf(!asRoot)('shows the claim to the program alone, read-only if asked', async () => {
    const path = join(home, 'private');
    const lines: string[] = [];
    const says = (line: string) => lines.push(line);
    const run = program.spawn(
      ['run', '--claim', `data:${path}`, '--', 'sh', '-c', `cat ${path}/greeting; echo; exec sleep 30`],
      says,
    );
    await expect.poll(() => lines, { timeout: 20_000 }).toContain('hello');
    await expect(stat(join(path, 'greeting'))).rejects.toThrow();
    run.kill('SIGTERM');
    const [code] = await once(run, 'exit');
    expect(code).toBe(143);
    const readOnly = ['run', '--claim', `data:${path}:ro`, '--', 'touch', `${path}/no`];
    const refused = await program.runWith({ ok: [1] }, ...readOnly);
    expect(refused.stderr).toMatch(/read-only/i);
  });

  it.skipIf(!asRoot)('lets two programs have their volumes at one path, and end in any order', async () => {
    const path = join(home, 'shared-path');
    const script = `sleep 4; cat ${path}/greeting`;
    const lines: string[] = [];
    const long = program.spawn(['run', '--claim', `data:${path}`, '--', 'sh', '-c', script], (line) =>
      lines.push(line),
    );
    const ended = once(long, 'exit');
    await program.run('run', '--claim', `data:${path}`, '--', 'test', '-e', `${path}/greeting`);
    expect(await ended).toEqual([0, null]);
    expect(lines).toContain('hello');
  });

  it.skipIf(!asRoot)('lets programs come and go at one path, and each sees its volume there', async () => {
    const path = join(home, 'come-and-go');
    const one = () => program.run('run', '--claim', `data:${path}`, '--', 'test', '-e', `${path}/greeting`);
    const after = async (before: Promise<unknown>) => {
      await before;
      await one();
    };
    await Promise.all([1, 2, 3, 4].map(() => Array.from({ length: 6 }).reduce<Promise<unknown>>(after, one())));
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  it.skipIf(!asRoot)('takes away the directories that it made, and no others', async () => {
    const [made, kept] = [join(home, 'made'), join(home, 'kept')];
    await mkdir(kept);
    const [there, here] = [`data:${made}/deep/place`, `data:${kept}/deep/place`];
    await program.run('run', '--claim', there, '--', 'test', '-e', `${made}/deep/place/greeting`);
    await expect(stat(made)).rejects.toThrow('ENOENT');
    await program.run('run', '--claim', here, '--', 'test', '-e', `${kept}/deep/place/greeting`);
    expect(await readdir(kept)).toEqual([]);
    const script = `touch ${made}/deep/mine; exit 0`;
    await program.run('run', '--claim', there, '--', 'sh', '-c', script);
    expect(await readdir(join(made, 'deep')), 'what is not empty stays').toEqual(['mine']);
  });

  it('unmounts when the program ends, though moorage run was killed before', async () => {
    const lines: string[] = [];
    const script = `echo begun; exec sleep 4`;
    const argv = ['run', '--claim', `data:${join(home, 'orphan')}`, '--', 'sh', '-c', script];
    const run = program.spawn(argv, (line) => lines.push(line));
    await expect.poll(() => lines, { timeout: 20_000 }).toContain('begun');
    run.kill('SIGKILL');
    await once(run, 'exit');
    expect(await program.kubectl(['get', 'mounts'])).toContain('Mounted');
    await expect.poll(() => program.kubectl(['get', 'mounts', '-o', 'name']), { timeout: 20_000 }).toBe('');
  });

  it('takes a snapshot, restores it into a larger claim, and clones', async () => {
    expect((await program.run('snapshot', 'data', 'first')).stdout).toMatch(/Snapshot first of data is ready/);
    expect((await program.run('explain', 'snapshot/first')).stdout).toContain('ready');
    await program.run('restore', 'first', 'restored', '--size', '400Mi');
    expect((await program.run('clone', 'data', 'cloned', '-o', 'name')).stdout.trim()).toBe(
      'persistentvolumeclaim/cloned',
    );
    for (const name of ['restored', 'cloned']) {
      const { stdout } = await program.run(
        'run',
        '--claim',
        `${name}:${join(home, name)}`,
        '--',
        'sh',
        '-c',
        `cat $MOORAGE_CLAIM_${name.toUpperCase()}/greeting`,
      );
      expect(stdout).toContain('hello');
    }
    expect(await failure('restore', 'first', 'small', '--size', '10Mi')).toMatchObject({ code: exitCodes.invalid });
    expect(await failure('restore', 'nix', 'new')).toMatchObject({ code: exitCodes['not-found'] });
    expect(await failure('clone', 'data', 'cloned')).toMatchObject({ code: exitCodes['already-exists'] });
  });

  it('grows a claim while it is mounted, and refuses to shrink it', async () => {
    const path = join(home, 'growing');
    await program.run('mount', 'data', path);
    expect((await program.run('grow', 'data', '+320Mi')).stdout).toBe('Claim data has 640 MiB.\n');
    expect(await readFile(join(path, 'greeting'), 'utf8')).toBe('hello');
    await program.run('umount', path);
    const { code, stderr } = await failure('grow', 'data', '1Mi');
    expect(stderr).toContain('volumes never shrink');
    expect(code).toBe(exitCodes.invalid);
  });

  it('finds no difference between objects, engine and disks', async () => {
    const { stdout } = await program.run('inventory');
    expect(stdout).toContain('No difference');
    expect((await program.kubectl(['get', 'inventories', '-o', 'name'])).trim()).toBe('');
  });

  it('completes names that the API knows', async () => {
    const names = (await program.run('__complete', 'claims', '')).stdout.trim().split('\n');
    expect(names).toEqual(expect.arrayContaining(['data', 'restored', 'cloned']));
    expect((await program.run('__complete', 'objects', 'pvc/')).stdout).toContain('pvc/data');
    expect((await program.run('__complete', 'objects', 'p')).stdout).toContain('pool/');
  });
});
