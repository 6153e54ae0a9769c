import { expect, test } from 'vitest';
import type { Attachment } from '../../engines/engine.ts';
import type { Mount, Volume } from '../../model/kinds/moorage.ts';
import type { NodeRecord } from '../node-record.ts';
import { comparePlaces, type Places } from './places.ts';

const apiVersion = 'moorage.dev/v1alpha1' as const;

function volume(name: string, attachedTo?: string): Volume {
  const attachments = attachedTo ? [{ node: attachedTo, mode: 'ReadWrite' as const, since: '' }] : [];
  const placement = { pool: 'p', node: 'here', engine: 'local' };
  return {
    apiVersion,
    kind: 'Volume',
    metadata: { name },
    spec: { size: '1Gi', mode: 'Filesystem', provisioning: 'thin' },
    status: { phase: 'Ready', placement, attachments },
  };
}

function record(more: Partial<NodeRecord> = {}): NodeRecord {
  const published = [{ target: '/pods/a', readOnly: false, how: 'bind' as const }];
  const base = {
    version: 1,
    volume: 'a',
    pool: 'p',
    staging: '/staging',
    mode: 'Filesystem',
    readOnly: false,
  } as const;
  return { ...base, singleWriter: false, published, ...more };
}

function mount(status: NonNullable<Mount['status']>, path = '/mnt/a'): Mount {
  const metadata = { namespace: 'shop', name: 'm' };
  return { apiVersion, kind: 'Mount', metadata, spec: { claim: 'data', path, readOnly: false }, status };
}

const device: Attachment = {
  kind: 'volume',
  pool: 'p',
  name: 'a',
  device: '/dev/loop9',
  targets: ['/staging'],
  deleted: false,
};

/** A world with one volume that is attached, staged and published. */
function world(more: Partial<Places> = {}, there: readonly string[] = ['/staging', '/pods/a', '/mnt/a']): Places {
  return {
    node: 'here',
    volumes: [volume('a', 'here')],
    devicePools: ['p'],
    attachments: [device],
    records: [record()],
    damaged: [],
    mounts: [],
    isThere: (path) => there.includes(path),
    ...more,
  };
}

test.each<[string, Places, string[]]>([
  ['all is there', world(), []],
  [
    'nothing is attached, and nothing is said to be',
    world({ volumes: [volume('a')], attachments: [], records: [] }),
    [],
  ],
  ['no device', world({ attachments: [] }), ['Volume a']],
  ['a device over what was deleted', world({ attachments: [{ ...device, deleted: true }] }), ['Volume a']],
  ['a device over a namesake in another pool', world({ attachments: [{ ...device, pool: 'q' }] }), ['Volume a']],
  ['directories have no device', world({ attachments: [], devicePools: [] }, ['/pods/a']), []],
  ['attached elsewhere', world({ volumes: [volume('a', 'there')], attachments: [], records: [] }), []],
  ['no record', world({ records: [] }), ['NodeRecord a']],
  ['no record, but nothing is mounted', world({ records: [], attachments: [{ ...device, targets: [] }] }), []],
  ['not staged', world({}, ['/pods/a']), ['Mount /staging']],
  ['not published', world({}, ['/staging']), ['Mount /pods/a']],
  ['being staged', world({ records: [record({ published: [] })] }, []), []],
  ['raw block is not mounted where it is staged', world({ records: [record({ mode: 'Block' })] }, ['/pods/a']), []],
  ['a record of a volume that is gone is told of elsewhere', world({ volumes: [] }, []), []],
  ['a record that is damaged', world({ damaged: ['b'] }), ['NodeRecord b']],
  ['a Mount that is there', world({ mounts: [mount({ phase: 'Mounted' })] }), []],
  ['a Mount that is not', world({ mounts: [mount({ phase: 'Mounted' })] }, ['/staging', '/pods/a']), ['Mount shop/m']],
  ['a Mount that is on its way', world({ mounts: [mount({ phase: 'Mounting' })] }, ['/staging', '/pods/a']), []],
  [
    'what a Mount wants is told once',
    world({ mounts: [mount({ phase: 'Mounted' }, '/pods/a')] }, ['/staging']),
    ['Mount shop/m'],
  ],
])('%s', (_, places, expected) => {
  const findings = comparePlaces(places);
  expect(findings.map(({ what, name }) => `${what} ${name}`)).toEqual(expected);
  for (const { kind, remedy } of findings) expect([kind, remedy]).toEqual(['Mismatch', undefined]);
});
