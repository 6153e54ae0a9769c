import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import {
  NodeExpandVolumeResponseSchema,
  NodePublishVolumeResponseSchema,
  NodeStageVolumeResponseSchema,
  NodeUnpublishVolumeResponseSchema,
  NodeUnstageVolumeResponseSchema,
} from '../../src/csi/protocol/csi_pb.ts';
import type { CsiClient } from '../../src/csi/transport/csi-client.ts';
import { exec } from '../../src/lib/exec.ts';
import { bindMount, unmount } from '../../src/node/mount.ts';
import type { Driver, DriverRegistry } from '../../src/sidecars/drivers/driver.ts';

export const fakeName = 'fake.example.com';

/**
 * A fake: the node half of a CSI driver, in this process and without gRPC. A volume is a directory; staging and
 * publishing are real bind mounts, so it takes root. It notes the calls, and fails where it is told to.
 */
export class FakeDriver {
  readonly calls: string[] = [];
  readonly requests: Record<string, unknown>[] = [];
  /** Called before each call does its work; a throw is the call's failure. */
  before: (call: string) => void = () => {};
  /** Called after the work is done; a throw is an answer that got lost. */
  after: (call: string) => void = () => {};
  present = true;
  readonly #directory: string;
  readonly #listeners = new Set<(driver: Driver) => void>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  directoryOf(handle: string): string {
    return join(this.#directory, handle);
  }

  get registry(): DriverRegistry {
    const driver = this.#driver();
    return {
      add: () => Promise.resolve(driver),
      get: (name) => (name === fakeName && this.present ? driver : undefined),
      list: () => (this.present ? [driver] : []),
      onChange: (listener) => {
        this.#listeners.add(listener);
        if (this.present) listener(driver);
        return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  join(): void {
    this.present = true;
    for (const listener of this.#listeners) listener(this.#driver());
  }

  async #call<T>(name: string, request: unknown, work: () => Promise<void>, answer: T): Promise<T> {
    this.calls.push(name);
    this.requests.push(request as Record<string, unknown>);
    this.before(name);
    await work();
    this.after(name);
    return answer;
  }

  #driver(): Driver {
    const node: Partial<CsiClient['node']> = {
      nodeStageVolume: (request) =>
        this.#call(
          'stage',
          request,
          async () => {
            const source = this.directoryOf(request.volumeId ?? '');
            await mkdir(source, { recursive: true });
            await bindMount(exec, source, request.stagingTargetPath ?? '');
          },
          create(NodeStageVolumeResponseSchema),
        ),
      nodePublishVolume: (request) =>
        this.#call(
          'publish',
          request,
          () =>
            bindMount(exec, request.stagingTargetPath ?? '', request.targetPath ?? '', {
              readOnly: request.readonly ?? false,
            }),
          create(NodePublishVolumeResponseSchema),
        ),
      nodeUnpublishVolume: (request) =>
        this.#call(
          'unpublish',
          request,
          async () => {
            await unmount(exec, request.targetPath ?? '');
            await rm(request.targetPath ?? '', { recursive: true, force: true });
          },
          create(NodeUnpublishVolumeResponseSchema),
        ),
      nodeUnstageVolume: (request) =>
        this.#call(
          'unstage',
          request,
          () => unmount(exec, request.stagingTargetPath ?? ''),
          create(NodeUnstageVolumeResponseSchema),
        ),
      nodeExpandVolume: (request) =>
        this.#call(
          'expand',
          request,
          async () => {},
          create(NodeExpandVolumeResponseSchema, { capacityBytes: request.capacityRange?.requiredBytes ?? 0n }),
        ),
    };
    return {
      name: fakeName,
      version: '1',
      socket: '',
      nodeId: 'here',
      extras: {},
      topology: {},
      client: { node } as CsiClient,
      capabilities: {
        stage: true,
        nodeExpand: true,
        volumeStatistics: false,
        nodeSingleNodeMultiWriter: true,
      } as Driver['capabilities'],
    };
  }
}
