import type { KubeApi } from '../../../src/api/kube/index.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims, pods } from '../../../src/model/kinds/index.ts';
import { type Cluster, until } from '../cluster/index.ts';
import { apply, namespace } from '../pods.ts';

/** What is read of a pod. */
export interface PodView {
  readonly metadata: { readonly name: string; readonly uid?: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    readonly containerStatuses?: readonly { readonly ready: boolean; readonly restartCount: number }[];
  };
}

/** What is read of an event. */
export interface EventView {
  readonly reason: string;
  readonly message: string;
  readonly count?: number;
  readonly involvedObject: { readonly kind: string; readonly name: string };
}

/** A namespace of one test, and what is in it. */
export class Place implements AsyncDisposable {
  readonly name: string;
  readonly #cluster: Cluster;
  readonly #api: KubeApi;
  readonly #namespace: AsyncDisposable;
  #open = true;

  private constructor(cluster: Cluster, api: KubeApi, name: string, inside: AsyncDisposable) {
    this.#cluster = cluster;
    this.#api = api;
    this.name = name;
    this.#namespace = inside;
  }

  static async open(cluster: Cluster, api: KubeApi, name: string): Promise<Place> {
    return new Place(cluster, api, name, await namespace(cluster, name));
  }

  /** Runs kubectl in it. */
  kubectl(...args: string[]): Promise<string> {
    return this.#cluster.kubectl(['-n', this.name, ...args]);
  }

  /** Makes objects in it. */
  async apply(...objects: readonly object[]): Promise<void> {
    const here = objects.map((object) => {
      const { metadata } = object as { metadata: object };
      return { ...object, metadata: { ...metadata, namespace: this.name } };
    });
    await apply(this.#cluster, ...here);
  }

  /** Runs a script in a pod, and returns what it prints, without the last line's end. */
  async sh(pod: string, script: string): Promise<string> {
    return (await this.kubectl('exec', pod, '--', 'sh', '-c', script)).replace(/\n$/, '');
  }

  /** A pod as it is now. */
  pod(name: string): PodView | undefined {
    return this.#api.informer(pods).get({ namespace: this.name, name }) as PodView | undefined;
  }

  /** A claim as it is now. */
  claim(name: string): PersistentVolumeClaim | undefined {
    return this.#api.informer(persistentVolumeClaims).get({ namespace: this.name, name });
  }

  /** A pod, once all of it is ready. */
  async ready(name: string, seconds = 60): Promise<PodView> {
    return until(`pod ${name} is ready`, seconds, async () => {
      const found = this.pod(name);
      const is = found?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
      return is && !found?.metadata.deletionTimestamp && found;
    }).catch(async (error: unknown) => {
      const events = (await this.events(name)).map(({ reason, message }) => `${reason}: ${message}`);
      throw new Error(`${String(error)}\n${events.join('\n')}`);
    });
  }

  /** Why the scheduler has no node for a pod, once it says so. */
  async unschedulable(name: string, seconds = 30): Promise<string> {
    return until(`pod ${name} has no node`, seconds, async () => {
      const found = this.pod(name)?.status?.conditions?.find(({ type }) => type === 'PodScheduled');
      return found?.status === 'False' && found.message;
    });
  }

  /** Deletes pods, and waits until they are gone. */
  async deletePods(...names: string[]): Promise<void> {
    await this.kubectl('delete', 'pod', ...names, '--wait=true', '--timeout=60s');
  }

  /** The events about an object. */
  async events(name: string): Promise<EventView[]> {
    const text = await this.kubectl('get', 'events', `--field-selector=involvedObject.name=${name}`, '-o', 'json');
    return (JSON.parse(text) as { items: EventView[] }).items;
  }

  /** Deletes the namespace, and waits until nothing of it is left. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#namespace[Symbol.asyncDispose]();
  }
}
