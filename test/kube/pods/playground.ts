import { z } from 'zod';
import { type Cluster, until } from '../cluster/index.ts';
import { apply, namespace } from '../pods.ts';

const eventSchema = z.object({
  type: z.string(),
  reason: z.string(),
  message: z.string(),
  count: z.number().optional(),
  involvedObject: z.object({ kind: z.string(), name: z.string() }),
  source: z.object({ component: z.string().optional() }),
  reportingComponent: z.string().optional(),
});

/** An event, as `kubectl describe` shows it. */
export type Event = z.infer<typeof eventSchema>;

/** A namespace of one test, and what a user does in it. All that is in it, and its classes, go at the end. */
export class Playground implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly #global: object[] = [];
  readonly #made: AsyncDisposable;

  private constructor(cluster: Cluster, name: string, made: AsyncDisposable) {
    this.cluster = cluster;
    this.namespace = name;
    this.#made = made;
  }

  static async open(cluster: Cluster, name: string): Promise<Playground> {
    return new Playground(cluster, name, await namespace(cluster, name));
  }

  /** Runs kubectl in the namespace, and returns what it prints. */
  async kubectl(...args: string[]): Promise<string> {
    return (await this.cluster.kubectl(['-n', this.namespace, ...args])).trim();
  }

  /** Makes objects in the namespace. */
  async make(...objects: object[]): Promise<void> {
    const items = objects.map((object) => ({
      ...object,
      metadata: { ...('metadata' in object && (object.metadata as object)), namespace: this.namespace },
    }));
    await apply(this.cluster, ...items);
  }

  /** Makes objects that are in no namespace. */
  async makeGlobal(...objects: object[]): Promise<void> {
    this.#global.push(...objects);
    await apply(this.cluster, ...objects);
  }

  /** Waits until pods are ready. If they are not, the error says what happened instead. */
  async ready(...pods: string[]): Promise<void> {
    const names = pods.map((name) => `pod/${name}`);
    try {
      await this.kubectl('wait', '--for=condition=Ready', ...names, '--timeout=90s');
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.kubectl('get', 'pods,pvc,events')}`, { cause: error });
    }
  }

  /**
   * Waits until claims are bound. A pod on claims that are bound without it is made after this: the scheduler can take
   * up a waiting pod before its own view of the claim knows what woke it, and then looks again after five minutes only
   * (seen on 1.34; kubernetes/kubernetes#73305 tells how).
   */
  async bound(...claims: string[]): Promise<void> {
    const names = claims.map((name) => `pvc/${name}`);
    try {
      await this.kubectl('wait', '--for=jsonpath={.status.phase}=Bound', ...names, '--timeout=90s');
    } catch (error) {
      throw new Error(`${String(error)}\n${await this.kubectl('get', 'pvc,events')}`, { cause: error });
    }
  }

  /** Deletes objects, named as `pod/a`, and waits until they are gone. */
  async remove(...names: string[]): Promise<void> {
    await this.kubectl('delete', ...names, '--timeout=90s');
  }

  /** Deletes what an earlier try of a test may have left: pods, claims and snapshots, but for those of these names. */
  async clear(...kept: string[]): Promise<void> {
    const all = await this.kubectl('get', 'statefulsets,pods,pvc,volumesnapshots', '-o', 'name');
    const left = all.split('\n').filter((name) => name !== '' && !kept.includes(name.replace(/.*\//, '')));
    if (left.length > 0) await this.remove(...left, '--ignore-not-found');
  }

  /** Runs a script in a pod, and returns what it prints. */
  async sh(pod: string, script: string): Promise<string> {
    return this.kubectl('exec', pod, '--', 'sh', '-ec', script);
  }

  /** A field of an object, by its JSON path such as `.spec.nodeName`. */
  async field(object: string, path: string): Promise<string> {
    return this.kubectl('get', object, '-o', `jsonpath={${path}}`);
  }

  /** The node that a pod is on. */
  async nodeOf(pod: string): Promise<string> {
    return this.field(`pod/${pod}`, '.spec.nodeName');
  }

  /** The volume that a claim is bound to. */
  async volumeOf(claim: string): Promise<string> {
    return this.field(`pvc/${claim}`, '.spec.volumeName');
  }

  /** What has been said of an object. */
  async events(name: string): Promise<Event[]> {
    const list = await this.kubectl('get', 'events', `--field-selector=involvedObject.name=${name}`, '-o', 'json');
    return z.object({ items: z.array(eventSchema) }).parse(JSON.parse(list)).items;
  }

  /** Waits until something has been said of an object, and returns it. */
  async said(name: string, words: RegExp): Promise<Event> {
    const find = async () => (await this.events(name)).find(({ message }) => words.test(message));
    return until(`an event of ${name} says ${words}`, 60, find);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#made[Symbol.asyncDispose]();
    if (this.#global.length === 0) return;
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: this.#global });
    await this.cluster.kubectl(['delete', '--ignore-not-found', '-f', '-'], { input });
  }
}
