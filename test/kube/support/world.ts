import { connectKube, type KubeApi } from '../../../src/api/kube/index.ts';
import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  snapshots,
  volumes,
} from '../../../src/model/kinds/index.ts';
import { attachCluster, type Cluster, until } from '../cluster/index.ts';
import { apply } from '../pods.ts';
import { type InstallOptions, installMoorage } from './install.ts';
import { storageClass } from './objects.ts';
import { Place } from './place.ts';

/** The classes that every test has; each but `immediate` waits for the first consumer. */
export const classes = { immediate: 'test-immediate', wait: 'test-wait', xfs: 'test-xfs', snapshots: 'moorage' };

/** What is left of volumes: nothing, after a test. */
export interface Leftovers {
  readonly volumes: readonly string[];
  readonly snapshots: readonly string[];
  readonly persistentVolumes: readonly string[];
}

/** A cluster with Moorage installed, as a test sees it: through kubectl, and through live views of what is there. */
export class World implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly api: KubeApi;
  readonly #places: Place[] = [];

  private constructor(cluster: Cluster, api: KubeApi) {
    this.cluster = cluster;
    this.api = api;
  }

  /** The cluster of this run, with Moorage in it. */
  static async open(options: InstallOptions = {}): Promise<World> {
    const cluster = await attachCluster();
    await installMoorage(cluster, { say: (text) => console.log(`kube: ${text}`), ...options });
    await apply(
      cluster,
      storageClass(classes.immediate, {}, { volumeBindingMode: 'Immediate' }),
      storageClass(classes.wait, {}),
      storageClass(classes.xfs, { 'csi.storage.k8s.io/fstype': 'xfs' }),
    );
    const api = connectKube({ kubeconfig: cluster.kubeconfig });
    const views = [pods, persistentVolumeClaims, persistentVolumes, volumes, snapshots] as const;
    await Promise.all(views.map((kind) => api.informer(kind as unknown as typeof pods).synced));
    return new World(cluster, api);
  }

  /** A namespace of its own for one test. */
  async place(name: string): Promise<Place> {
    const place = await Place.open(this.cluster, this.api, name);
    this.#places.push(place);
    return place;
  }

  /** The claim's volume, once it is bound. */
  async bound(place: Place, name: string, seconds = 60): Promise<PersistentVolume> {
    const claim = await until(`claim ${name} is bound`, seconds, async () => {
      const found = place.claim(name);
      return found?.status?.phase === 'Bound' && found;
    });
    return until(`the volume of claim ${name} is there`, 10, async () => this.volumeOf(claim));
  }

  /** The PersistentVolume that a claim is bound to. */
  volumeOf({ spec }: PersistentVolumeClaim): PersistentVolume | undefined {
    return this.api.informer(persistentVolumes).get({ name: spec.volumeName ?? '' });
  }

  /** The namespace of the claim that a PersistentVolume is for. */
  namespaceOf(volume: string): string | undefined {
    return this.api.informer(persistentVolumes).get({ name: volume })?.spec.claimRef?.namespace;
  }

  /** The node that a volume of ours is on. */
  nodeOf(volume: PersistentVolume): string | undefined {
    return this.api.informer(volumes).get({ name: volume.spec.csi?.volumeHandle ?? '' })?.status?.placement?.node;
  }

  /** What is there now. */
  async leftovers(): Promise<Leftovers> {
    const names = (items: readonly { metadata: { name: string } }[]) => items.map(({ metadata }) => metadata.name);
    const [ours, taken, bound] = await Promise.all([
      this.api.list(volumes),
      this.api.list(snapshots),
      this.api.list(persistentVolumes),
    ]);
    return {
      volumes: names(ours.items),
      snapshots: names(taken.items),
      persistentVolumes: names(bound.items.filter(({ spec }) => spec.csi?.driver === 'csi.moorage.dev')),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#places.map((place) => place[Symbol.asyncDispose]()));
    await this.api[Symbol.asyncDispose]();
  }
}
