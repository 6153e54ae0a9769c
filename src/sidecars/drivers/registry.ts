import type { Api } from '../../api/api.ts';
import type { Controller } from '../../api/controller.ts';
import { fail, MoorageError } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Meter } from '../../lib/meter.ts';
import type { Driver, DriverRegistration, DriverRegistry } from './driver.ts';
import { DriverConnection } from './driver-connection.ts';
import type { Introduction } from './introduce.ts';
import { createRegistration, ensureDriverObject, registerNode } from './node-registration.ts';

export interface DriversOptions {
  readonly api: Api;
  /**
   * The node that the drivers' node services are on. Undefined in a cluster, where its administrator makes the
   * CSIDriver objects and kubelets register the nodes; then nothing is written for a driver that comes.
   */
  readonly node: string | undefined;
  readonly log: Log;
  readonly meter: Meter;
  /** Milliseconds that `add` waits for a driver. Default 30,000. */
  readonly patience?: number;
}

/** Opens an empty registry of CSI drivers. */
export function openDrivers(options: DriversOptions): DriverRegistry {
  return new Registry(options);
}

class Registry implements DriverRegistry {
  readonly #options: DriversOptions;
  readonly #drivers = new Map<string, Driver>();
  readonly #connections = new Map<string, DriverConnection>();
  readonly #listeners = new Set<(driver: Driver) => void>();
  readonly #introductions = new Map<string, Introduction>();
  readonly #registration: Controller | undefined;

  constructor(options: DriversOptions) {
    this.#options = options;
    const { api, node, log } = options;
    if (node === undefined) return;
    this.#registration = createRegistration({ api, node, log, introductions: this.#introductions });
    void this.#registration.start();
  }

  async add({ name, socket, extras = {} }: DriverRegistration): Promise<Driver> {
    if (this.#connections.has(socket)) fail('already-exists', `the CSI driver at ${socket} is plugged in already`);
    const { api, node, log, meter, patience = 30_000 } = this.#options;
    const { promise, resolve, reject } = Promise.withResolvers<Driver>();
    const connection = new DriverConnection({
      socket,
      expected: name,
      asNode: node !== undefined,
      log,
      meter,
      onReady: async (introduction, client) => {
        const known = this.#drivers.get(introduction.name);
        if (known && known.socket !== socket) {
          fail('invalid', `the CSI driver ${introduction.name} at ${socket} is plugged in already, at ${known.socket}`);
        }
        if (node !== undefined) {
          await ensureDriverObject(api, introduction);
          await registerNode(api, node, introduction);
          this.#introductions.set(introduction.name, introduction);
        }
        const { version, capabilities } = introduction;
        const nodeId = introduction.node?.id;
        const topology = introduction.node?.topology ?? {};
        const { name } = introduction;
        const driver: Driver = { name, version, socket, client, capabilities, nodeId, topology, extras };
        this.#drivers.set(driver.name, driver);
        log.info({ driver: driver.name, version, socket }, 'csi driver is ready');
        for (const listener of this.#listeners) listener(driver);
        resolve(driver);
      },
      onRefused: reject,
    });
    this.#connections.set(socket, connection);
    const timer = setTimeout(() => {
      const late = `the CSI driver at ${socket} is not ready after ${patience / 1_000} s; it joins when it is`;
      reject(new MoorageError('not-ready', `${late} (${connection.lastFailure})`));
    }, patience);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  get(name: string): Driver | undefined {
    return this.#drivers.get(name);
  }

  list(): readonly Driver[] {
    return [...this.#drivers.values()];
  }

  onChange(listener: (driver: Driver) => void): Disposable {
    this.#listeners.add(listener);
    for (const driver of this.#drivers.values()) listener(driver);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    await this.#registration?.[Symbol.asyncDispose]();
    await Promise.all([...this.#connections.values()].map((connection) => connection[Symbol.asyncDispose]()));
  }
}
