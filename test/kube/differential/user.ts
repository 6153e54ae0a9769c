import { HttpClient } from '../../../src/api/kube/http-client.ts';
import { loadConnection } from '../../../src/api/kube/index.ts';
import { pathOf } from '../../../src/api/kube/paths.ts';
import { apiVersionOf, type Kind } from '../../../src/model/kind.ts';
import { allKinds } from '../../../src/model/kinds/index.ts';
import { lines, plain } from './normalise.ts';
import type { Side } from './side.ts';

/** Any object, as a user writes or reads it. */
export interface Thing {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name?: string;
    readonly namespace?: string;
    readonly deletionTimestamp?: string;
    readonly [field: string]: unknown;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** Which object: `pvc/data`, `pv/one`. Objects with a namespace are in that of the scenario. */
export type Ref = `${Short}/${string}`;
const shorts = {
  pvc: 'PersistentVolumeClaim',
  pv: 'PersistentVolume',
  sc: 'StorageClass',
  ns: 'Namespace',
  vs: 'VolumeSnapshot',
  vscontent: 'VolumeSnapshotContent',
  vsclass: 'VolumeSnapshotClass',
  csidriver: 'CSIDriver',
  secret: 'Secret',
  cm: 'ConfigMap',
  volume: 'Volume',
  snapshot: 'Snapshot',
} as const;
type Short = keyof typeof shorts;

/** What one side answered and showed: the words of the scenario → lines. */
export type View = ReadonlyMap<string, readonly string[]>;

interface Answer {
  readonly status: number;
  readonly body: Thing;
}

const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;
const patience = 45_000;

/** Does what a scenario says on one side, and notes what a user sees there. */
export class User implements Disposable {
  readonly namespace: string;
  /** Part of each name that others could have, too: the same on both sides, another in each run. */
  readonly mark: string;
  readonly #client: HttpClient;
  readonly #view = new Map<string, readonly string[]>();

  constructor(side: Side, scenario: string, mark: string) {
    this.#client = new HttpClient(loadConnection({ kubeconfig: side.kubeconfig }));
    this.mark = mark;
    this.namespace = `${scenario}-${mark}`;
  }

  get view(): View {
    return this.#view;
  }

  /** A name for something that has no namespace. */
  name(name: string): string {
    return `${this.namespace}-${name}`;
  }

  /** Makes an object; what the server answers is part of the view. */
  async create(object: Thing, what = `create ${this.#nameOf(object)}`): Promise<Thing> {
    return this.#noted(what, await this.#send('POST', this.#collection(object), object));
  }

  /** As `create`, when the answer is no matter. Throws if it fails. */
  async have(...objects: readonly Thing[]): Promise<void> {
    for (const object of objects) {
      const { status, body } = await this.#send('POST', this.#collection(object), object);
      if (status >= 300) throw new Error(`${this.#nameOf(object)}: ${String(body['message'])}`);
    }
  }

  async patch(
    ref: Ref,
    body: unknown,
    options: { type?: keyof typeof patchTypes; as?: string; subresource?: string } = {},
  ): Promise<Thing> {
    const { type = 'merge', as = `patch ${ref} ${JSON.stringify(body)}`, subresource } = options;
    const path = `${this.#path(ref)}${subresource ? `/${subresource}` : ''}`;
    return this.#noted(as, await this.#send('PATCH', path, body, patchTypes[type]));
  }

  /** Waits until the server would take a change: what it checks by may be older than the last answer that it gave. */
  async untilAllowed(ref: Ref, body: unknown): Promise<void> {
    await this.#wait(`${ref}: a change that is allowed`, async () => {
      const { status } = await this.#send('PATCH', `${this.#path(ref)}?dryRun=All`, body, patchTypes.merge);
      return status === 200 ? true : undefined;
    });
  }

  async delete(ref: Ref): Promise<void> {
    const { status, body } = await this.#send('DELETE', this.#path(ref));
    this.#note(`delete ${ref}`, [`answer: ${status}`, ...(status < 300 ? [] : lines(body, this.mark))]);
  }

  /** The object as it is now; undefined if it is not there. Not part of the view. */
  async get(ref: Ref): Promise<Thing | undefined> {
    const { status, body } = await this.#send('GET', this.#path(ref));
    return status === 200 ? body : undefined;
  }

  /** Waits until the object is as wanted; that it never was is part of the view. */
  async until(ref: Ref, what: string, wanted: (object: Thing) => boolean): Promise<Thing | undefined> {
    return this.#wait(`${ref}: ${what}`, async () => {
      const object = await this.get(ref);
      return object && wanted(object) ? object : undefined;
    });
  }

  async untilPhase(ref: Ref, phase: string): Promise<Thing | undefined> {
    return this.until(ref, phase, ({ status }) => status?.['phase'] === phase);
  }

  async untilGone(ref: Ref): Promise<void> {
    await this.#wait(`${ref}: gone`, async () => ((await this.get(ref)) ? undefined : true));
  }

  /** Notes the object as it is now. */
  async see(ref: Ref, what = `see ${ref}`): Promise<Thing | undefined> {
    const { status, body } = await this.#send('GET', this.#path(ref));
    this.#note(what, [`answer: ${status}`, ...lines(body, this.mark)]);
    return status === 200 ? body : undefined;
  }

  /** Notes the events about an object, each once, when there are those with the given reasons. */
  async hear(ref: Ref, ...reasons: readonly string[]): Promise<void> {
    const events = await this.#wait(`${ref}: events ${reasons.join(', ')}`, async () => {
      const found = await this.#eventsOf(ref);
      return reasons.every((reason) => found.some((event) => event['reason'] === reason)) ? found : undefined;
    });
    const texts = (events ?? (await this.#eventsOf(ref))).map(({ type, reason, message }) =>
      plain(`${String(type)} ${String(reason)}: ${String(message)}`, this.mark),
    );
    this.#note(`events of ${ref}`, [...new Set(texts)].sort());
  }

  /** Any request, and its answer, which is part of the view. */
  async ask(method: string, path: string, body?: unknown, type?: string): Promise<Answer> {
    const answer = await this.#send(method, path, body, type);
    this.#noted(`${method} ${plain(path, this.mark)}`, answer);
    return answer;
  }

  /** Notes that the scenario could not go on. */
  fail(message: string): void {
    this.#note('the end', [`failed: ${plain(message, this.mark)}`]);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async #wait<T>(what: string, ask: () => Promise<T | undefined>): Promise<T | undefined> {
    const deadline = performance.now() + patience;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (performance.now() > deadline) {
        this.#note(`wait for ${what}`, ['in vain']);
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async #eventsOf(ref: Ref): Promise<readonly Thing[]> {
    const { kind, name } = parse(ref);
    const namespace = kind.namespaced ? this.namespace : 'default';
    const selector = encodeURIComponent(`involvedObject.kind=${kind.kind},involvedObject.name=${name}`);
    const { body } = await this.#send('GET', `/api/v1/namespaces/${namespace}/events?fieldSelector=${selector}`);
    return (body['items'] as readonly Thing[] | undefined) ?? [];
  }

  #noted(what: string, { status, body }: Answer): Thing {
    this.#note(what, [`answer: ${status}`, ...lines(body, this.mark)]);
    return body;
  }

  #note(what: string, text: readonly string[]): void {
    const label = plain(what, this.mark);
    let unique = label;
    for (let count = 2; this.#view.has(unique); count += 1) unique = `${label} (${count})`;
    this.#view.set(unique, text);
  }

  #path(ref: Ref): string {
    const { kind, name } = parse(ref);
    return pathOf(kind, { namespace: this.namespace, name });
  }

  #collection(object: Thing): string {
    const kind =
      allKinds.find((one) => one.kind === object.kind && apiVersionOf(one) === object.apiVersion) ??
      unknown(`${object.apiVersion} ${object.kind}`);
    return pathOf(kind, { namespace: object.metadata.namespace ?? this.namespace });
  }

  #nameOf({ kind, metadata: { name = '' } }: Thing): string {
    return `${kind} ${name}`;
  }

  async #send(method: string, path: string, body?: unknown, type = 'application/json'): Promise<Answer> {
    const answer = await this.#client.request({
      method,
      path,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      silence: 30_000,
    });
    const chunks: Buffer[] = [];
    for await (const chunk of answer.body as AsyncIterable<Buffer>) chunks.push(chunk);
    return { status: answer.status, body: parsed(Buffer.concat(chunks).toString('utf8')) };
  }
}

function parse(ref: Ref): { kind: Kind; name: string } {
  const [short = '', name = ''] = ref.split('/');
  const wanted = shorts[short as Short];
  return { kind: allKinds.find(({ kind }) => kind === wanted) ?? unknown(short), name };
}

function unknown(what: string): never {
  throw new Error(`no such kind: ${what}`);
}

/** Not every answer is an object. */
function parsed(text: string): Thing {
  try {
    return JSON.parse(text) as Thing;
  } catch {
    return { apiVersion: '', kind: '', metadata: {}, text };
  }
}
