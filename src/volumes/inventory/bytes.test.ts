import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Artifact, Attachment } from '../../engines/engine.ts';
import type { Snapshot, Volume } from '../../model/kinds/moorage.ts';
import { compareBytes, type Objects, type Observed } from './bytes.ts';

const apiVersion = 'moorage.dev/v1alpha1' as const;
const placement = { pool: 'p', node: 'here', engine: 'local' };

function volume(name: string, status: Volume['status'] = {}, metadata: Partial<Volume['metadata']> = {}): Volume {
  return {
    apiVersion,
    kind: 'Volume',
    metadata: { name, uid: `uid-${name}`, ...metadata },
    spec: { size: '1Gi', mode: 'Filesystem', provisioning: 'thin' },
    status: { phase: 'Ready', size: '1Gi', placement, ...status },
  };
}

function artifact(name: string, more: Partial<Artifact> = {}): Artifact {
  const size = 1n << 30n;
  return {
    kind: 'volume',
    pool: 'p',
    name,
    uid: `uid-${name}`,
    size,
    used: 0n,
    provisioning: 'thin',
    createdAt: new Date(0),
    complete: true,
    ...more,
  };
}

function attachment(name: string, more: Partial<Attachment> = {}): Attachment {
  return { kind: 'volume', pool: 'p', name, device: '/dev/loop9', targets: [], deleted: false, ...more };
}

function objects(volumes: Volume[], snapshots: Snapshot[] = []): Objects {
  return { volumes, snapshots };
}

function world(volumes: Volume[], artifacts: Artifact[], more: Partial<Observed> = {}): Observed {
  const now = objects(volumes);
  return { node: 'here', before: now, after: now, openPools: ['p'], artifacts, attachments: [], staged: [], ...more };
}

const here = [{ node: 'here', mode: 'ReadWrite' as const, since: '' }];
const deleting = { deletionTimestamp: '2026-01-01T00:00:00Z' };

test.each<[string, Observed, string[], string[]]>([
  ['all is well', world([volume('a')], [artifact('a')]), [], []],
  ['bytes without an object', world([], [artifact('a')]), ['Leak Volume'], ['delete']],
  [
    'bytes of a lost object',
    world([], [artifact('a')], { neededBy: () => 'PersistentVolume pv' }),
    ['Leak Volume'],
    [],
  ],
  [
    "bytes of a namesake's",
    world([volume('a')], [artifact('a'), artifact('a', { uid: 'other', pool: 'q' })]),
    ['Leak Volume'],
    ['delete'],
  ],
  ['an object without bytes', world([volume('a')], []), ['Loss Volume'], []],
  ['an object whose pool is not open', world([volume('a')], [], { openPools: [] }), ['Mismatch Volume'], []],
  ['bytes on another node', world([volume('a', { placement: { ...placement, node: 'there' } })], []), [], []],
  ['an object that was never ready', world([volume('a', { phase: 'Pending' })], []), [], []],
  ['an object that is being deleted', world([volume('a', {}, deleting)], []), [], []],
  [
    'bytes that are missing',
    world([volume('a')], [artifact('a', { damage: 'they are missing' })]),
    ['Loss Volume'],
    [],
  ],
  [
    'missing bytes of what goes',
    world([volume('a', {}, deleting)], [artifact('a', { damage: 'they are missing' })]),
    [],
    [],
  ],
  ['too few bytes', world([volume('a')], [artifact('a', { size: 4096n })]), ['Mismatch Volume'], []],
  ['a file that is not ours', world([], [artifact('a', { uid: undefined })]), ['Foreign File'], []],
  [
    'a directory of ours before it is marked, and after',
    world([volume('a', {}, deleting)], [artifact('a', { uid: undefined, complete: false })]),
    [],
    [],
  ],
  ['such a directory of nobody', world([], [artifact('a', { uid: undefined, complete: false })]), ['Foreign File'], []],
  ['a half-made leak', world([], [artifact('a', { complete: false })]), ['Leak Volume'], ['delete']],
  [
    'a half-made volume of an object',
    world([volume('a', { phase: 'Pending' })], [artifact('a', { complete: false })]),
    [],
    [],
  ],
  ['an object that came meanwhile', world([], [], { after: objects([volume('a')]) }), [], []],
  ['an object that went meanwhile', world([volume('a')], [artifact('a')], { after: objects([]) }), [], []],
  [
    'an attached volume',
    world([volume('a', { attachments: here })], [artifact('a')], { attachments: [attachment('a')] }),
    [],
    [],
  ],
  [
    'an attachment that nobody recorded',
    world([volume('a')], [artifact('a')], { attachments: [attachment('a')] }),
    ['Mismatch LoopDevice'],
    [],
  ],
  [
    'a loop device without a volume',
    world([], [], { attachments: [attachment('a')] }),
    ['Leak LoopDevice'],
    ['detach'],
  ],
  [
    'bytes without an object, and a device over them, from before objects were lost',
    world([], [artifact('a')], { attachments: [attachment('a')], lastLoss: new Date(1) }),
    ['Leak Volume', 'Leak LoopDevice'],
    [],
  ],
  [
    'bytes without an object from after objects were lost',
    world([], [artifact('a', { createdAt: new Date(2) })], { lastLoss: new Date(1) }),
    ['Leak Volume'],
    ['delete'],
  ],
  [
    'a mounted one is never taken away',
    world([], [], { attachments: [attachment('a', { targets: ['/mnt'] })] }),
    ['Leak LoopDevice'],
    [],
  ],
])('%s', (_, observed, kinds, remedies) => {
  const findings = compareBytes(observed);
  expect(findings.map(({ kind, what }) => `${kind} ${what}`)).toEqual(kinds);
  expect(findings.flatMap(({ remedy }) => remedy?.do ?? [])).toEqual(remedies);
});

test('what an object claims is never offered for removal, nor what is not ours', () => {
  const names = fc.constantFrom('a', 'b', 'c');
  const artifacts = fc.array(
    fc.record({ name: names, uid: fc.constantFrom('uid-a', 'uid-b', undefined), complete: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(names), fc.uniqueArray(names), artifacts, (earlier, later, kept) => {
      const observed = world(
        [],
        kept.map(({ name, ...more }) => artifact(name, more)),
        {
          before: objects(earlier.map((name) => volume(name))),
          after: objects(later.map((name) => volume(name))),
        },
      );
      return compareBytes(observed).every(({ remedy }) => {
        if (remedy?.do !== 'delete') return true;
        const { name, uid } = remedy.artifact;
        return uid !== undefined && !([...earlier, ...later].some((it) => it === name) && uid === `uid-${name}`);
      });
    }),
  );
});
