import { watch } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { sleep } from '../../lib/clock.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { Registration as registrationService } from '../protocol/pluginregistration_pb.ts';
import { offer, serveGrpc } from '../transport/grpc-server.ts';
import type { Service } from '../transport/method.ts';

export interface RegistrationOptions {
  readonly driverName: string;
  /** The socket that the driver answers on, as the kubelet sees it. */
  readonly endpoint: string;
  /** The socket to make in the kubelet's plugins_registry. */
  readonly registrationSocket: string;
  readonly log: Log;
}

/** A driver's registration with the kubelet of its node. Disposing of it takes the driver off the kubelet's list. */
export interface Registration extends AsyncDisposable {
  /** Undefined once the kubelet has taken the driver, else why it has not. */
  readonly problem: string | undefined;
}

/** Versions of CSI, as the kubelet takes them. */
const supportedVersions = ['1.0.0'];
/** Milliseconds between two tries to make the socket. */
const pause = 1_000;

/**
 * Makes a CSI driver known to the kubelet, which watches its plugins_registry and calls back when it likes: at once, or
 * when it has been started again. A socket that vanishes is made anew. Resolves when the socket is there.
 */
export async function registerWithKubelet(options: RegistrationOptions): Promise<Registration> {
  const registrar = new Registrar(options);
  await registrar.open();
  return registrar;
}

class Registrar implements Registration {
  readonly #options: RegistrationOptions;
  readonly #stop = new AbortController();
  #problem: string | undefined = 'the kubelet has not registered it yet';
  #server: AsyncDisposable | undefined;
  #watcher: { close(): void } | undefined;
  #mending: Promise<void> | undefined;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  get problem(): string | undefined {
    return this.#problem;
  }

  async open(): Promise<void> {
    const { registrationSocket } = this.#options;
    const directory = dirname(registrationSocket);
    await makeDirectory(directory, 0o750);
    await this.#serve();
    const watcher = watch(directory, (_, name) => {
      if (name === basename(registrationSocket)) this.#look();
    });
    watcher.on('error', (error) => this.#options.log.warn({ directory, reason: messageOf(error) }, 'watch failed'));
    this.#watcher = watcher;
    this.#look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('shutting down'));
    this.#watcher?.close();
    await this.#mending;
    await this.#server?.[Symbol.asyncDispose]();
  }

  async #serve(): Promise<void> {
    const { registrationSocket, log } = this.#options;
    const offers = [offer(registrationService, this.#service())];
    this.#server = await serveGrpc(offers, { socket: registrationSocket, log });
  }

  #service(): Service<typeof registrationService> {
    const { driverName, endpoint, log } = this.#options;
    return {
      getInfo: async () => ({ type: 'CSIPlugin', name: driverName, endpoint, supportedVersions }),

      notifyRegistrationStatus: async ({ pluginRegistered, error }) => {
        if (pluginRegistered) {
          this.#problem = undefined;
          log.info({ driver: driverName, endpoint }, 'the kubelet has registered the driver');
        } else {
          this.#problem = `the kubelet refused it: ${error}`;
          log.error({ driver: driverName, endpoint, reason: error }, 'the kubelet could not register the driver');
        }
        return {};
      },
    };
  }

  /** Mends the socket, if it is gone. One at a time. */
  #look(): void {
    if (this.#stop.signal.aborted) return;
    this.#mending ??= this.#mend().finally(() => {
      this.#mending = undefined;
    });
  }

  async #mend(): Promise<void> {
    const { registrationSocket: socket, log } = this.#options;
    while (!this.#stop.signal.aborted) {
      try {
        if (await isThere(socket)) return;
        this.#problem = 'its socket in the plugins_registry was gone; the kubelet has not registered it again yet';
        // The old server takes its path along, and so must be gone before there is a new one.
        await this.#server?.[Symbol.asyncDispose]();
        await this.#serve();
        log.info({ socket }, 'the registration socket was gone, and is there again');
        return;
      } catch (error) {
        log.warn({ socket, reason: messageOf(error) }, 'the registration socket could not be made; trying again');
        await sleep(pause, this.#stop.signal).catch(() => {});
      }
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
