import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Api } from '../../src/api/api.ts';
import { type EmbeddedApi, openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import type { EventRecorder } from '../../src/api/events.ts';
import { startKubelet } from '../../src/kubelet/start.ts';
import { exec } from '../../src/lib/exec.ts';
import { silent } from '../../src/lib/log.ts';
import { noMeter } from '../../src/lib/meter.ts';
import type { Kind } from '../../src/model/kind.ts';
import {
  allKinds,
  type CSIDriver,
  csiDrivers,
  type Mount,
  mounts,
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../src/model/kinds/index.ts';
import type { KubeObject, ObjectRef } from '../../src/model/object.ts';
import { startOrchestrator } from '../../src/orchestrator/start.ts';
import { inDefault, untilObject } from '../support/until-object.ts';
import { FakeDriver, fakeName } from './fake-driver.ts';

/** A real embedded API, a scratch directory and a fake driver; orchestrator and kubelet over it can be started again. */
export class TestWorld implements AsyncDisposable {
  readonly directory: string;
  readonly api: EmbeddedApi;
  readonly driver: FakeDriver;
  readonly told: string[] = [];
  #running: AsyncDisposable | undefined;

  private constructor(directory: string, api: EmbeddedApi) {
    this.directory = directory;
    this.api = api;
    this.driver = new FakeDriver(join(directory, 'fake'));
  }

  static async open(): Promise<TestWorld> {
    const directory = await realpath(await mkdtemp(join(tmpdir(), 'orchestrator-')));
    const api = await openEmbeddedApi({ file: join(directory, 'data', 'store.db'), log: silent, kinds: allKinds });
    await mkdir(join(directory, 'fake'));
    return new TestWorld(directory, api);
  }

  /** Starts orchestrator and kubelet, over another view of the API if one is given, or after a loss of objects. */
  async start(api: Api = this.api, lastLoss?: Date): Promise<void> {
    const tell = (object: KubeObject, reason: string, message: string) => {
      this.told.push(`${object.kind}/${object.metadata.name} ${reason}: ${message}`);
    };
    const events: EventRecorder = { normal: tell, warning: tell };
    const options = {
      api,
      drivers: this.driver.registry,
      node: 'here',
      authority: '',
      dataDir: join(this.directory, 'data'),
      lastLoss,
      exec,
      log: silent,
      events,
      meter: noMeter,
    };
    await using running = new AsyncDisposableStack();
    running.use(await startOrchestrator(options));
    running.use(await startKubelet(options));
    this.#running = running.move();
  }

  async stop(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
    this.#running = undefined;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Waits for an object to be as wished; says how it was when it never became so. */
  async until<T extends KubeObject>(
    kind: Kind<T>,
    ref: ObjectRef,
    wished: (object: T | undefined) => boolean,
  ): Promise<T | undefined> {
    return await untilObject(this.api, kind, ref, wished, this.told);
  }

  async mounted(name: string): Promise<Mount | undefined> {
    return await this.until(mounts, inDefault(name), (mount) => mount?.status?.phase === 'Mounted');
  }

  async gone(name: string): Promise<void> {
    await this.api.delete(mounts, inDefault(name));
    await this.until(mounts, inDefault(name), (mount) => mount === undefined);
  }

  /** Creates a volume of the fake driver, and a claim bound to it by name. */
  async claimed(name: string, spec: Partial<PersistentVolume['spec']> = {}): Promise<void> {
    await this.volume(name, { csi: { driver: fakeName, volumeHandle: `handle-${name}` }, ...spec });
    await this.claim(name, { volumeName: name, accessModes: spec.accessModes ?? ['ReadWriteOnce'] });
    await this.until(persistentVolumeClaims, inDefault(name), (claim) => claim?.status?.phase === 'Bound');
  }

  async volume(name: string, spec: Partial<PersistentVolume['spec']>): Promise<PersistentVolume> {
    return await this.api.create(persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        storageClassName: '',
        persistentVolumeReclaimPolicy: 'Retain',
        ...spec,
      },
    });
  }

  async claim(name: string, spec: Partial<PersistentVolumeClaim['spec']> = {}): Promise<PersistentVolumeClaim> {
    return await this.api.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'default' },
      spec: {
        accessModes: ['ReadWriteOnce'],
        storageClassName: '',
        resources: { requests: { storage: '1Gi' } },
        ...spec,
      },
    });
  }

  async mount(name: string, claim: string, spec: Partial<Mount['spec']> = {}): Promise<Mount> {
    return await this.api.create(mounts, {
      apiVersion: 'moorage.dev/v1alpha1',
      kind: 'Mount',
      metadata: { name, namespace: 'default' },
      spec: { claim, path: this.path(name), readOnly: false, ...spec },
    });
  }

  /** Says how the fake driver wants to be used. */
  async driverObject(spec: CSIDriver['spec']): Promise<void> {
    await this.api.create(csiDrivers, {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'CSIDriver',
      metadata: { name: fakeName },
      spec,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await this.api[Symbol.asyncDispose]();
    const { stdout } = await exec(['findmnt', '--raw', '--noheadings', '--output', 'TARGET']);
    const below = stdout.split('\n').filter((target) => target.startsWith(`${this.directory}/`));
    for (const target of below.reverse()) await exec(['umount', '--', target]);
    await rm(this.directory, { recursive: true, force: true });
  }
}
