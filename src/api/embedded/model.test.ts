import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codeOf } from '../../lib/errors.ts';
import { nodes } from '../../model/kinds/index.ts';
import { openTemporaryApi } from './temporary.ts';

type Step =
  | { readonly do: 'create' | 'delete' | 'release'; readonly name: string }
  | { readonly do: 'label'; readonly name: string; readonly label: string; readonly stale: boolean }
  | { readonly do: 'await' };

const name = fc.constantFrom('a', 'b', 'c');
const steps = fc.array(
  fc.oneof(
    fc.record({ do: fc.constantFrom('create' as const, 'delete' as const, 'release' as const), name }),
    fc.record({ do: fc.constant('label' as const), name, label: fc.constantFrom('x', 'y'), stale: fc.boolean() }),
    fc.record({ do: fc.constant('await' as const) }),
  ),
  { maxLength: 40 },
);

/** The simplest store that there is: one map, one write after the other. Each object has one finalizer. */
class Model {
  readonly objects = new Map<string, { label: string; held: boolean; deleting: boolean }>();

  apply(step: Exclude<Step, { do: 'await' }>): string {
    const object = this.objects.get(step.name);
    if (step.do === 'create') {
      if (object) return 'already-exists';
      this.objects.set(step.name, { label: '', held: true, deleting: false });
      return 'ok';
    }
    if (!object) return step.do === 'delete' ? 'ok' : 'not-found';
    if (step.do === 'label' && step.stale) return 'conflict';
    if (step.do === 'label') object.label = step.label;
    if (step.do === 'delete') object.deleting = true;
    if (step.do === 'release') object.held = false;
    if (object.deleting && !object.held) this.objects.delete(step.name);
    return 'ok';
  }
}

test('the store does what one map does, whatever is written at once; informers and watches see the same', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      await using store = await openTemporaryApi();
      const { api } = store;
      const model = new Model();
      const { resourceVersion } = await api.list(nodes);
      const stop = new AbortController();
      const seen = new Map<string, string>();
      const watching = (async () => {
        for await (const { type, object } of api.watch(nodes, { resourceVersion, signal: stop.signal })) {
          expect(seen.has(object.metadata.name)).toBe(type !== 'ADDED');
          if (type === 'DELETED') seen.delete(object.metadata.name);
          else seen.set(object.metadata.name, JSON.stringify(object));
        }
      })();
      const expected: string[] = [];
      const answers: Promise<string>[] = [];
      for (const step of script) {
        if (step.do === 'await') {
          await Promise.all(answers);
          continue;
        }
        expected.push(model.apply(step));
        answers.push(
          carryOut(api, step).then(
            () => 'ok',
            (error: unknown) => codeOf(error),
          ),
        );
      }
      expect(await Promise.all(answers)).toEqual(expected);
      const stored = [...api.informer(nodes).list()];
      expect(
        Object.fromEntries(
          stored.map(({ metadata }) => [
            metadata.name,
            {
              label: metadata.labels?.['label'] ?? '',
              held: metadata.finalizers !== undefined,
              deleting: metadata.deletionTimestamp !== undefined,
            },
          ]),
        ),
      ).toEqual(Object.fromEntries(model.objects));
      await new Promise((resolve) => setImmediate(resolve));
      expect([...seen.values()].sort()).toEqual(stored.map((object) => JSON.stringify(object)).sort());
      stop.abort();
      await watching;
    }),
    { numRuns: 100 },
  );
});

function carryOut(
  api: Awaited<ReturnType<typeof openTemporaryApi>>['api'],
  step: Exclude<Step, { do: 'await' }>,
): Promise<unknown> {
  const ref = { name: step.name };
  switch (step.do) {
    case 'create':
      return api.create(nodes, {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: { ...ref, finalizers: ['example.com/held'] },
      });
    case 'delete':
      return api.delete(nodes, ref);
    case 'release':
      return api.patch(nodes, ref, { type: 'merge', body: { metadata: { finalizers: null } } });
    case 'label': {
      const metadata = { labels: { label: step.label }, ...(step.stale ? { resourceVersion: '1' } : {}) };
      return api.patch(nodes, ref, { type: 'merge', body: { metadata } });
    }
  }
}
