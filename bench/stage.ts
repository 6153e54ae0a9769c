import { mkdir, mkdtemp, readdir, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftovers } from '../test/support/leftovers.ts';
import { Program } from '../test/support/program.ts';
import { Client, type Happening } from './client.ts';
import { type ClaimWish, claim, classFor, mount, paths } from './objects.ts';

/** One fresh Moorage with its own data directory, as a user starts it, and a client of it. Leaves nothing behind. */
export class Stage implements AsyncDisposable {
  readonly home: string;
  readonly program: Program;
  /** Milliseconds from the start of the program to its ready line. */
  readonly readyAfter: number;
  #client: Client;

  private constructor(home: string, program: Program, readyAfter: number) {
    this.home = home;
    this.program = program;
    this.readyAfter = readyAfter;
    this.#client = new Client(program.kubeconfig);
  }

  get client(): Client {
    return this.#client;
  }

  /** A new client, after the program was started again on another port. */
  async reconnect(): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
    this.#client = new Client(this.program.kubeconfig);
  }

  /** MOORAGE_BENCH_DIR names the file system to measure on; default: that of temporary files. */
  static async open(args: readonly string[] = []): Promise<Stage> {
    const home = await mkdtemp(join(process.env['MOORAGE_BENCH_DIR'] ?? tmpdir(), 'moorage-bench-'));
    const program = new Program({ data: join(home, 'data'), args });
    try {
      const stage = new Stage(home, program, await program.start());
      await stage.client.call('POST', paths.classes, classFor('default'));
      await stage.#poolReady('default');
      return stage;
    } catch (error) {
      await program.end('SIGTERM');
      await rm(home, { recursive: true, force: true });
      throw error;
    }
  }

  /** Does something, and returns the milliseconds until something below a path is as wanted. */
  async timed(
    action: () => Promise<unknown>,
    path: string,
    wanted: (happening: Happening) => boolean,
  ): Promise<number> {
    await using watcher = new Client(this.program.kubeconfig, 2);
    return await watcher.timed(action, path, wanted);
  }

  /** Makes a claim and waits until it is bound; returns the milliseconds that took. */
  async bind(wish: ClaimWish): Promise<number> {
    const create = () => this.client.call('POST', paths.claims, claim(wish));
    return this.timed(create, paths.claims, isIn(wish.name, 'Bound'));
  }

  /** Mounts a claim below the stage's directory; returns the path and the milliseconds that took. */
  async mount(name: string): Promise<{ path: string; ms: number }> {
    const path = join(this.home, 'mounts', name);
    await mkdir(join(this.home, 'mounts'), { recursive: true });
    const create = () => this.client.call('POST', paths.mounts, mount(name, path));
    return { path, ms: await this.timed(create, paths.mounts, isIn(name, 'Mounted')) };
  }

  /** Takes a Mount away and waits until it is gone. */
  async unmount(name: string): Promise<void> {
    await this.timed(
      () => this.client.call('DELETE', `${paths.mounts}/${name}`),
      paths.mounts,
      ({ type, object }) => type === 'DELETED' && object.metadata.name === name,
    );
  }

  /** Makes one more pool of a backend, and a class of the same name for it. */
  async addPool(name: string, backend: 'image' | 'directory'): Promise<void> {
    const pool = { apiVersion: 'moorage.dev/v1alpha1', kind: 'Pool', metadata: { name }, spec: { backend } };
    await this.client.call('POST', paths.pools, pool);
    await this.#poolReady(name);
    await this.client.call('POST', paths.classes, classFor(name));
  }

  /** Lets a pool promise so many times what it has: a burst is about the rate, not about room. */
  async overProvision(pool: string, overProvisioning: number): Promise<void> {
    await this.client.call('PATCH', `${paths.pools}/${pool}`, { spec: { overProvisioning } });
  }

  /** The directory on the bare file system that a pool keeps its volumes on. */
  async poolDirectory(name: string): Promise<string> {
    const base = join(this.program.data, 'pools', name);
    return (await readdir(base)).includes('fs') ? join(base, 'fs') : base;
  }

  /** Bytes in use on the file system of a directory. */
  async used(directory: string): Promise<number> {
    const { blocks, bfree, bsize } = await statfs(directory);
    return (blocks - bfree) * bsize;
  }

  /** How volumes of a pool are carved. */
  async backendOf(pool: string): Promise<string> {
    const { status } = (await this.client.call('GET', `${paths.pools}/${pool}`)) as {
      status?: { nodes?: { backend?: string }[] };
    };
    return status?.nodes?.[0]?.backend ?? 'unknown';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const mounts = (await this.client.call('GET', paths.mounts)) as { items: { metadata: { name: string } }[] };
    for (const { metadata } of mounts.items) await this.unmount(metadata.name);
    await this.#client[Symbol.asyncDispose]();
    await this.program.end('SIGTERM');
    const left = await leftovers(this.home);
    if (left.length > 0) throw new Error(`the bench would leave behind: ${left.join('; ')}`);
    await rm(this.home, { recursive: true, force: true });
  }

  async #poolReady(name: string): Promise<void> {
    await this.program.until(`pool/${name}`, '.status.phase', 'Ready', 120_000);
  }
}

function isIn(name: string, phase: string) {
  return ({ object }: Happening) => object.metadata.name === name && object.status?.phase === phase;
}
