import { expect, test } from 'vitest';
import type { Change, Informer } from '../../api/api.ts';
import type { Node } from '../../model/kinds/core.ts';
import { Freshest } from './freshest.ts';

const node = (name: string, resourceVersion: string): Node => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, resourceVersion },
});

/** A view that shows what the test lets it see, when it lets it. */
class LateView implements Informer<Node> {
  readonly synced = Promise.resolve();
  readonly #objects = new Map<string, Node>();
  readonly #listeners = new Set<(change: Change<Node>) => void>();

  sees(type: Change<Node>['type'], object: Node): void {
    if (type === 'deleted') this.#objects.delete(object.metadata.name);
    else this.#objects.set(object.metadata.name, object);
    for (const listener of this.#listeners) listener({ type, object });
  }
  get = ({ name }: { readonly name: string }) => this.#objects.get(name);
  list = () => this.#objects.values();
  get size() {
    return this.#objects.size;
  }
  index = () => () => [];
  onChange(listener: (change: Change<Node>) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }
}

const versionOf = (object: Node | undefined) => object?.metadata.resourceVersion;

test('what was written is there before the view shows it, and gives way to what is newer', () => {
  const view = new LateView();
  using freshest = new Freshest(view);
  freshest.note(node('n', '9'));
  expect(versionOf(freshest.get({ name: 'n' }))).toBe('9');
  expect([...freshest.list()].map(versionOf)).toEqual(['9']);
  view.sees('added', node('n', '8'));
  expect(versionOf(freshest.get({ name: 'n' }))).toBe('9');
  view.sees('modified', node('n', '10'));
  expect(versionOf(freshest.get({ name: 'n' }))).toBe('10');
  freshest.note(node('n', '9'));
  expect(versionOf(freshest.get({ name: 'n' }))).toBe('10');
});

test('what was written and is deleted by somebody is gone', () => {
  const view = new LateView();
  using freshest = new Freshest(view);
  view.sees('added', node('n', '1'));
  freshest.note(node('n', '2'));
  view.sees('deleted', node('n', '3'));
  expect(freshest.get({ name: 'n' })).toBeUndefined();
  expect([...freshest.list()]).toEqual([]);
});
