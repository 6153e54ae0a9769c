import type { Api, Informer } from '../../api/api.ts';
import { fail } from '../../lib/errors.ts';
import { dataSourceOf, volumeNameFor } from '../../model/claims/claims.ts';
import { selectedNodeAnnotation } from '../../model/claims/well-known.ts';
import {
  type Node,
  nodes,
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
} from '../../model/kinds/core.ts';
import {
  type CSINode,
  csiNodes,
  type StorageClass,
  volumeAttributesClasses,
  volumeSnapshotContents,
  volumeSnapshots,
} from '../../model/kinds/storage.ts';
import type { Driver } from '../drivers/driver.ts';
import { readSecret } from '../requests/secrets.ts';
import { type ContentSource, cloneSource, snapshotSource } from './content-source.ts';
import { driverParameters, readClassParameters } from './parameters.ts';
import { checkClaim, requestedBytes, type Wanted } from './request.ts';
import { accessibility, nodeTopologies, type TopologyRequirement } from './topology.ts';

/** Gathers what a CreateVolume call for a claim is made of. */
export class Wants {
  readonly #api: Api;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #nodes: Informer<Node>;
  readonly #csiNodes: Informer<CSINode>;

  constructor(api: Api) {
    this.#api = api;
    this.#claims = api.informer(persistentVolumeClaims);
    this.#volumes = api.informer(persistentVolumes);
    this.#nodes = api.informer(nodes);
    this.#csiNodes = api.informer(csiNodes);
  }

  /** Throws `invalid`, `unsupported` or `not-ready` with a sentence for the claim's events if it can't be asked for. */
  async of(claim: PersistentVolumeClaim, storageClass: StorageClass, driver: Driver): Promise<Wanted> {
    checkClaim(claim, driver.name, driver.capabilities);
    const parameters = readClassParameters(storageClass.parameters ?? {}, claim, volumeNameFor(claim));
    return {
      claim,
      storageClass,
      parameters,
      source: await this.#sourceOf(claim, driver),
      requirement: this.#requirementOf(claim, storageClass, driver),
      secrets: await readSecret(this.#api, parameters.secrets.provisioner),
      mutableParameters: await this.#attributesOf(claim, driver),
    };
  }

  /**
   * What to ask for to learn whether a volume exists for a claim that nobody wants any more. Where the exact call
   * can't be made again (its source is gone), one of the same name and size must do.
   */
  async ofAbandoned(claim: PersistentVolumeClaim, storageClass: StorageClass, driver: Driver): Promise<Wanted> {
    try {
      return await this.of(claim, storageClass, driver);
    } catch {
      const parameters = { driver: driverParameters(storageClass.parameters ?? {}), fsType: undefined, secrets: {} };
      const nothing = { source: undefined, requirement: undefined, secrets: {}, mutableParameters: {} };
      return { claim, storageClass, parameters, ...nothing };
    }
  }

  /** How many nodes run the driver. */
  nodesWith(driver: string): number {
    return [...this.#csiNodes.list()].filter(({ spec }) => spec.drivers?.some(({ name }) => name === driver)).length;
  }

  #requirementOf(
    claim: PersistentVolumeClaim,
    { allowedTopologies }: StorageClass,
    driver: Driver,
  ): TopologyRequirement | undefined {
    if (!driver.capabilities.topology) return undefined;
    if (this.nodesWith(driver.name) === 0) {
      fail('not-ready', `no available topology found: no node runs driver ${driver.name} yet`);
    }
    const found = nodeTopologies(driver.name, this.#csiNodes.list(), (name) => this.#nodes.get({ name }));
    return accessibility({
      claim: claim.metadata.name,
      selectedNode: claim.metadata.annotations?.[selectedNodeAnnotation],
      allowed: allowedTopologies,
      nodes: found,
    });
  }

  async #sourceOf(claim: PersistentVolumeClaim, { name, capabilities }: Driver): Promise<ContentSource | undefined> {
    const source = dataSourceOf(claim);
    if (!source) return undefined;
    if (source.foreignNamespace !== undefined) {
      fail(
        'unsupported',
        `the data source is in namespace ${source.foreignNamespace}: only the claim's own is supported`,
      );
    }
    const wish = { claim, driver: name, size: requestedBytes(claim) };
    const { namespace } = claim.metadata;
    if (source.kind === 'claim') {
      if (!capabilities.clones) fail('unsupported', `driver ${name} does not clone volumes: leave out the data source`);
      const from = this.#claims.get({ namespace, name: source.name });
      const volume = from?.spec.volumeName ? this.#volumes.get({ name: from.spec.volumeName }) : undefined;
      return cloneSource(wish, source.name, from, volume);
    }
    if (!capabilities.snapshots) {
      fail('unsupported', `driver ${name} does not have snapshots: leave out the data source`);
    }
    const snapshot = await this.#api.get(volumeSnapshots, { namespace, name: source.name });
    const contentName = snapshot?.status?.boundVolumeSnapshotContentName;
    const content = contentName ? await this.#api.get(volumeSnapshotContents, { name: contentName }) : undefined;
    return snapshotSource(wish, source.name, snapshot, content);
  }

  async #attributesOf(claim: PersistentVolumeClaim, driver: Driver): Promise<Record<string, string>> {
    const name = claim.spec.volumeAttributesClassName;
    if (!name) return {};
    if (!driver.capabilities.modifyVolume) {
      fail('unsupported', `driver ${driver.name} does not take a VolumeAttributesClass: leave it out of the claim`);
    }
    const found =
      (await this.#api.get(volumeAttributesClasses, { name })) ??
      fail('not-ready', `VolumeAttributesClass ${name} not found`);
    if (found.driverName !== driver.name) {
      fail('invalid', `VolumeAttributesClass ${name} is of driver ${found.driverName}, not of ${driver.name}`);
    }
    return { ...found.parameters };
  }
}
