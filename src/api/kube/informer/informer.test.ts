import { expect, test } from 'vitest';
import { MoorageError } from '../../../lib/errors.ts';
import { silent } from '../../../lib/log.ts';
import type { KubeObject } from '../../../model/object.ts';
import type { Change, WatchEvent } from '../../api.ts';
import { failure, StatusError } from '../../status.ts';
import { WatchingInformer } from './informer.ts';

const thing = (name: string, resourceVersion: string, uid = name): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name, resourceVersion, uid },
});

/** A server in miniature: each watch is a channel that the test feeds and ends. */
class Server {
  items: KubeObject[] = [];
  lists = 0;
  /** What each watch began at. */
  watches: string[] = [];
  /** What the next list fails with. */
  refusal: Error | undefined;
  #feed: (step: WatchEvent<KubeObject> | Error) => void = () => {};
  #watching = Promise.withResolvers<void>();

  readonly source = {
    list: () => this.#list(),
    watch: (version: string, signal: AbortSignal) => {
      this.watches.push(version);
      return this.#watch(signal);
    },
  };

  /** Resolves when somebody watches. */
  get watching(): Promise<void> {
    return this.#watching.promise;
  }

  tell(step: WatchEvent<KubeObject> | Error): void {
    if (step instanceof Error) this.#watching = Promise.withResolvers<void>();
    this.#feed(step);
  }

  /** In pages of two. */
  async *#list() {
    this.lists += 1;
    if (this.refusal) throw this.refusal;
    const items = this.items;
    for (let at = 0; at === 0 || at < items.length; at += 2) {
      yield { items: items.slice(at, at + 2), resourceVersion: '1' };
    }
  }

  async *#watch(signal: AbortSignal): AsyncGenerator<WatchEvent<KubeObject>> {
    const steps: (WatchEvent<KubeObject> | Error)[] = [];
    let wake = () => {};
    this.#feed = (step) => {
      steps.push(step);
      wake();
    };
    signal.addEventListener('abort', () => wake());
    this.#watching.resolve();
    while (!signal.aborted) {
      const step = steps.shift();
      if (step instanceof Error) throw step;
      if (step) yield step;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
}

function follow(informer: WatchingInformer<KubeObject>) {
  const changes: string[] = [];
  const waiting: (() => void)[] = [];
  informer.onChange(({ type, object, old }: Change<KubeObject>) => {
    changes.push(
      `${type} ${object.metadata.name}@${object.metadata.resourceVersion}${old ? ` was ${old.metadata.resourceVersion}` : ''}`,
    );
    for (const check of waiting) check();
  });
  const until = (count: number) =>
    new Promise<void>((resolve) => {
      const check = () => changes.length >= count && resolve();
      waiting.push(check);
      check();
    });
  return { changes, until };
}

test('tells what there is, then what changes, and keeps its indexes', async () => {
  const server = new Server();
  server.items = [thing('a', '1'), thing('b', '1')];
  using informer = new WatchingInformer('things', server.source, silent);
  const byFirst = informer.index('first', ({ metadata }) => [metadata.name.slice(0, 1)]);
  const { changes, until } = follow(informer);
  await informer.synced;
  expect(changes).toEqual(['added a@1', 'added b@1']);
  await server.watching;
  server.tell({ type: 'MODIFIED', object: thing('a', '2') });
  server.tell({ type: 'ADDED', object: thing('bb', '3') });
  server.tell({ type: 'BOOKMARK', object: thing('', '4') });
  server.tell({ type: 'DELETED', object: thing('b', '5') });
  await until(5);
  expect(changes.slice(2)).toEqual(['modified a@2 was 1', 'added bb@3', 'deleted b@5 was 1']);
  expect(byFirst('b').map(({ metadata }) => metadata.name)).toEqual(['bb']);
  expect([informer.size, informer.get({ name: 'a' })?.metadata.resourceVersion]).toEqual([2, '2']);
});

test('after an interruption it watches on from the last version that it heard of', async () => {
  const server = new Server();
  server.items = [thing('a', '1')];
  using informer = new WatchingInformer('things', server.source, silent);
  const { changes, until } = follow(informer);
  await server.watching;
  server.tell({ type: 'BOOKMARK', object: thing('', '6') });
  server.tell(new MoorageError('not-ready', 'the connection failed'));
  await server.watching;
  server.tell({ type: 'ADDED', object: thing('b', '7') });
  await until(2);
  expect([server.lists, server.watches]).toEqual([1, ['1', '6']]);
  expect(changes).toEqual(['added a@1', 'added b@7']);
});

test('a kind that is not served has no objects, and keeps nobody waiting', async () => {
  const server = new Server();
  server.refusal = new StatusError(failure(404, 'NotFound', 'the server could not find the requested resource'));
  using informer = new WatchingInformer('things', server.source, silent);
  await informer.synced;
  expect([informer.size, server.watches]).toEqual([0, []]);
});

test('after its version is gone it lists again, and tells only what differs', async () => {
  const server = new Server();
  server.items = [thing('same', '1'), thing('changed', '1'), thing('gone', '1'), thing('remade', '1', 'first')];
  using informer = new WatchingInformer('things', server.source, silent);
  await informer.synced;
  const { changes, until } = follow(informer);
  await server.watching;
  server.items = [thing('same', '1'), thing('changed', '7'), thing('new', '8'), thing('remade', '9', 'second')];
  server.tell(new StatusError(failure(410, 'Expired', 'too old resource version')));
  await until(9);
  expect(server.lists).toBe(2);
  expect(changes.slice(4).toSorted()).toEqual([
    'added new@8',
    'added remade@9',
    'deleted gone@1 was 1',
    'deleted remade@1 was 1',
    'modified changed@7 was 1',
  ]);
});

test('a listener that fails does not keep others from hearing, and one that was disposed of hears no more', async () => {
  const server = new Server();
  using informer = new WatchingInformer('things', server.source, silent);
  await informer.synced;
  informer.onChange(() => {
    throw new Error('my fault');
  });
  const left = follow(informer);
  const gone: string[] = [];
  informer.onChange(({ type }) => gone.push(type))[Symbol.dispose]();
  await server.watching;
  server.tell({ type: 'ADDED', object: thing('a', '2') });
  await left.until(1);
  expect([left.changes, gone]).toEqual([['added a@2'], []]);
});
