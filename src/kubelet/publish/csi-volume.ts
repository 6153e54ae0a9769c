import { rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Api } from '../../api/api.ts';
import { makeDirectory } from '../../lib/directories.ts';
import { fail } from '../../lib/errors.ts';
import { type CSIDriver, csiDrivers, type Mount, type PersistentVolume } from '../../model/kinds/index.ts';
import { bytesOf, countable } from '../../model/quantity.ts';
import type { Driver, DriverRegistry } from '../../sidecars/drivers/driver.ts';
import { volumeCapability } from '../../sidecars/requests/capability.ts';
import { readSecret, secretOf } from '../../sidecars/requests/secrets.ts';
import type { MountRecord } from '../mounter/mount-ledger.ts';

type CsiSource = MountRecord['source'] & { kind: 'csi' };

/** A volume as its driver is asked for it. */
export interface CsiVolume {
  readonly volume: PersistentVolume;
  readonly source: CsiSource;
  /** What ControllerPublishVolume answered; empty where no attachment is needed. */
  readonly publishContext: Readonly<Record<string, string>>;
}

/** Making a large file system takes its time. Milliseconds. */
const stageTimeout = 600_000;

/** The node half of CSI, as a Mount needs it. Each may be called twice. */
export class CsiNode {
  readonly #api: Api;
  readonly #drivers: DriverRegistry;

  constructor(options: { readonly api: Api; readonly drivers: DriverRegistry }) {
    this.#api = options.api;
    this.#drivers = options.drivers;
  }

  /** The driver, or `not-ready` if it is not plugged in. */
  driver(name: string): Driver {
    return (
      this.#drivers.get(name) ??
      fail(
        'not-ready',
        `the CSI driver "${name}" is not plugged in; start Moorage with --csi ${name}=/path/to/csi.sock`,
      )
    );
  }

  /** NodeStageVolume; nothing for drivers that do not stage. */
  async stage({ volume, source, publishContext }: CsiVolume, signal: AbortSignal): Promise<void> {
    const { client, capabilities } = this.driver(source.driver);
    const { csi } = volume.spec;
    if (!source.staging || !csi) return;
    await makeDirectory(source.staging, 0o750);
    const request = {
      volumeId: source.handle,
      publishContext: { ...publishContext },
      stagingTargetPath: source.staging,
      volumeCapability: volumeCapability(volume, capabilities.nodeSingleNodeMultiWriter),
      secrets: await readSecret(this.#api, secretOf(csi.nodeStageSecretRef)),
      volumeContext: { ...csi.volumeAttributes },
    };
    await client.node.nodeStageVolume(request, { signal, timeout: stageTimeout });
  }

  /** NodePublishVolume at the target, whose parent is there. */
  async publish(
    { volume, source, publishContext }: CsiVolume,
    mount: Mount,
    target: string,
    readOnly: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { client, capabilities } = this.driver(source.driver);
    const { csi } = volume.spec;
    if (!csi) return;
    const driver = this.#api.informer(csiDrivers).get({ name: source.driver });
    const request = {
      volumeId: source.handle,
      publishContext: { ...publishContext },
      ...(source.staging && { stagingTargetPath: source.staging }),
      targetPath: target,
      volumeCapability: volumeCapability(volume, capabilities.nodeSingleNodeMultiWriter),
      readonly: readOnly,
      secrets: await readSecret(this.#api, secretOf(csi.nodePublishSecretRef)),
      volumeContext: { ...csi.volumeAttributes, ...consumerInfo(driver, mount) },
    };
    await client.node.nodePublishVolume(request, { signal });
  }

  /** NodeUnpublishVolume. */
  async unpublish(source: CsiSource, target: string, signal: AbortSignal): Promise<void> {
    const { client } = this.driver(source.driver);
    await client.node.nodeUnpublishVolume({ volumeId: source.handle, targetPath: target }, { signal });
  }

  /** NodeUnstageVolume; nothing for what was not staged. */
  async unstage(source: CsiSource, signal: AbortSignal): Promise<void> {
    if (!source.staging) return;
    const { client } = this.driver(source.driver);
    await client.node.nodeUnstageVolume({ volumeId: source.handle, stagingTargetPath: source.staging }, { signal });
    // Only empty directories go; what a driver left in them stays for a person to look at.
    await rmdir(source.staging).catch(() => {});
    await rmdir(dirname(source.staging)).catch(() => {});
  }

  /** NodeExpandVolume to the volume's capacity; returns the bytes that it has now. */
  async expand(volume: PersistentVolume, source: CsiSource, target: string, signal: AbortSignal): Promise<bigint> {
    const { client, capabilities } = this.driver(source.driver);
    const wanted = bytesOf(volume.spec.capacity?.['storage'] ?? '0');
    if (!capabilities.nodeExpand) return wanted;
    const request = {
      volumeId: source.handle,
      volumePath: target,
      ...(source.staging && { stagingTargetPath: source.staging }),
      capacityRange: { requiredBytes: countable(wanted) },
      volumeCapability: volumeCapability(volume, capabilities.nodeSingleNodeMultiWriter),
      secrets: await readSecret(this.#api, secretOf(volume.spec.csi?.nodeExpandSecretRef)),
    };
    const { capacityBytes } = await client.node.nodeExpandVolume(request, { signal });
    return capacityBytes > 0n ? capacityBytes : wanted;
  }
}

/** What a driver with podInfoOnMount is told of the consumer. https://kubernetes-csi.github.io/docs/pod-info.html */
function consumerInfo(driver: CSIDriver | undefined, { metadata }: Mount): Record<string, string> {
  if (!driver?.spec.podInfoOnMount) return {};
  return {
    'csi.storage.k8s.io/pod.name': metadata.name,
    'csi.storage.k8s.io/pod.namespace': metadata.namespace ?? '',
    'csi.storage.k8s.io/pod.uid': metadata.uid ?? '',
    'csi.storage.k8s.io/serviceAccount.name': 'default',
    'csi.storage.k8s.io/ephemeral': 'false',
  };
}
