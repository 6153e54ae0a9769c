import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Api } from '../../src/api/api.ts';
import { type EmbeddedApi, openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import type { EventRecorder } from '../../src/api/events.ts';
import { mountsInUse } from '../../src/kubelet/mounts-in-use.ts';
import { startKubelet } from '../../src/kubelet/start.ts';
import { exec } from '../../src/lib/exec.ts';
import { openLog } from '../../src/lib/log.ts';
import { noMeter } from '../../src/lib/meter.ts';
import type { Kind } from '../../src/model/kind.ts';
import {
  allKinds,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  type StorageClass,
  storageClasses,
} from '../../src/model/kinds/index.ts';
import type { KubeObject, ObjectRef } from '../../src/model/object.ts';
import { startOrchestrator } from '../../src/orchestrator/start.ts';
import type { Driver, DriverRegistry } from '../../src/sidecars/drivers/driver.ts';
import { openDrivers } from '../../src/sidecars/drivers/registry.ts';
import { startSidecars } from '../../src/sidecars/start.ts';
import { inDefault, untilObject } from '../support/until-object.ts';
import { DirectoryStore } from './store.ts';

export const driverName = 'other.example.com';
const program = fileURLToPath(new URL('driver.ts', import.meta.url));
const log = openLog(process.env['MOORAGE_LOG'] ?? 'silent');

/** A real embedded API, a driver in a process of its own, and everything of Moorage's that calls it. */
export class World implements AsyncDisposable {
  readonly directory: string;
  readonly api: EmbeddedApi;
  readonly told: string[] = [];
  readonly store: DirectoryStore;
  #process: ChildProcess | undefined;
  #running: AsyncDisposableStack | undefined;
  #drivers: DriverRegistry | undefined;

  private constructor(directory: string, api: EmbeddedApi) {
    this.directory = directory;
    this.api = api;
    this.store = new DirectoryStore(join(directory, 'driver'));
  }

  /** Opens the world with a driver that behaves as the flags say, and starts everything. */
  static async start(...flags: string[]): Promise<World> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'third-party-')));
    await mkdir(join(directory, 'driver'), { recursive: true });
    const api = await openEmbeddedApi({ file: join(directory, 'data', 'store.db'), log, kinds: allKinds });
    const world = new World(directory, api);
    await world.startDriver(...flags);
    await world.startMoorage();
    return world;
  }

  async startDriver(...flags: string[]): Promise<void> {
    const socket = join(this.directory, 'csi.sock');
    const root = join(this.directory, 'driver');
    this.#process = spawn(process.execPath, [program, '--socket', socket, '--root', root, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(this.#process.stdout ?? this.#process, 'data');
  }

  /** As the kernel does it to a program that it has no memory for. */
  async killDriver(): Promise<void> {
    const ended = this.#process && once(this.#process, 'exit');
    this.#process?.kill('SIGKILL');
    await ended;
  }

  /**
   * Starts sidecars, orchestrator and kubelet, over another view of the API if one is given; or the sidecars alone, as
   * beside a Kubernetes.
   */
  async startMoorage(api: Api = this.api, which: 'all' | 'sidecars' = 'all'): Promise<void> {
    const tell = (object: KubeObject, reason: string, message: string) => {
      this.told.push(`${object.kind}/${object.metadata.name} ${reason}: ${message}`);
    };
    const events: EventRecorder = { normal: tell, warning: tell };
    await using running = new AsyncDisposableStack();
    const drivers = running.use(openDrivers({ api, node: 'here', log, meter: noMeter }));
    this.#drivers = drivers;
    const extras = { use: mountsInUse(api) };
    await drivers.add({ name: driverName, socket: join(this.directory, 'csi.sock'), extras });
    const options = { api, drivers, node: 'here', log, events, meter: noMeter };
    running.use(await startSidecars(options));
    if (which === 'all') {
      running.use(await startOrchestrator({ ...options, authority: '' }));
      running.use(await startKubelet({ ...options, dataDir: join(this.directory, 'data'), exec }));
    }
    this.#running = running.move();
  }

  async stopMoorage(): Promise<void> {
    await this.#running?.disposeAsync();
    this.#running = undefined;
  }

  get driver(): Driver | undefined {
    return this.#drivers?.get(driverName);
  }

  /** The calls that the driver has got, each name as often as it was called. */
  async calls(): Promise<string[]> {
    return (await readFile(join(this.directory, 'driver', 'calls'), 'utf8')).trim().split('\n');
  }

  async storageClass(name: string, more: Partial<StorageClass> = {}): Promise<void> {
    await this.api.create(storageClasses, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name },
      provisioner: driverName,
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
      allowVolumeExpansion: true,
      ...more,
    });
  }

  async claim(name: string, spec: Partial<PersistentVolumeClaim['spec']> = {}): Promise<PersistentVolumeClaim> {
    return await this.api.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'default' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: 'other',
        resources: { requests: { storage: '1Gi' } },
        ...spec,
      },
    });
  }

  /** Waits for an object to be as wished; says how it was when it never became so. */
  async until<T extends KubeObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    wished: (object: T | undefined) => boolean,
  ): Promise<T | undefined> {
    return await untilObject(this.api, kind, ref, wished, this.told);
  }

  async bound(name: string): Promise<PersistentVolumeClaim | undefined> {
    return await this.until(persistentVolumeClaims, inDefault(name), (claim) => claim?.status?.phase === 'Bound');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopMoorage();
    await this.killDriver();
    await this.api[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true, force: true });
  }
}
