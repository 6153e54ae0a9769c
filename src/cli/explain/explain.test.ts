import { describe, expect, it } from 'vitest';
import type {
  Mount,
  PersistentVolume,
  PersistentVolumeClaim,
  Pool,
  StorageClass,
  Volume,
} from '../../model/kinds/index.ts';
import { findProblems } from '../world/problems.ts';
import type { World } from '../world/world.ts';
import { explainClaim } from './claim.ts';
import { explainMount, explainPersistentVolume } from './others.ts';

const long = '2026-01-01T00:00:00Z';
const empty: World = {
  nodes: [],
  pools: [],
  classes: [],
  claims: [],
  pvs: [],
  volumes: [],
  snapshots: [],
  mounts: [],
  isCluster: false,
  volumeSnapshots: [],
  contents: [],
  csiNodes: [],
  events: [],
};

const standard: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'standard' },
  provisioner: 'csi.moorage.dev',
};

const ours: World['csiNodes'] = [
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'CSINode',
    metadata: { name: 'n' },
    spec: { drivers: [{ name: 'csi.moorage.dev', nodeID: 'n' }] },
  },
];

function claimOf(given: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data', namespace: 'default', uid: 'u', creationTimestamp: long },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'standard',
      resources: { requests: { storage: '10Gi' } },
      ...given,
    },
    status: { phase: 'Pending' },
  };
}

function poolOf(name: string, total: string, allocated: string): Pool {
  return {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Pool',
    metadata: { name },
    spec: { engine: 'local', backend: 'auto', preallocate: false, overProvisioning: 1 },
    status: { phase: 'Ready', nodes: [{ node: 'n', backend: 'image', total, free: total, used: '0', allocated }] },
  };
}

function volumeOf(name: string, given: Partial<PersistentVolume['spec']>): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      capacity: { storage: '5Gi' },
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'standard',
      hostPath: { path: '/x' },
      ...given,
    },
    status: { phase: 'Available' },
  };
}

describe('explainClaim', () => {
  it('looks at each pool, takes the one that can promise most, and says why not the others', () => {
    const pools = [poolOf('small', '8Gi', '0'), poolOf('large', '100Gi', '0'), poolOf('medium', '50Gi', '0')];
    const { looked } = explainClaim({ ...empty, classes: [standard], csiNodes: ours, pools }, claimOf());
    expect(looked.map(({ what, taken }) => [what, taken])).toEqual([
      ['pool small on node n', false],
      ['pool large on node n', true],
      ['pool medium on node n', false],
    ]);
    expect(looked[0]?.message).toMatch(/can promise .* more, 10Gi was asked for/);
    expect(looked[2]?.message).toContain('another pool suits better');
  });

  it('counts what is free, what others on the same disk will take of it, and what is kept in reserve', () => {
    const withFree = (free: string, shared = '0'): Pool => {
      const given = poolOf('p', '20Gi', '0');
      const nodes = (given.status?.nodes ?? []).map((it) => ({ ...it, free, shared }));
      return { ...given, status: { ...given.status, nodes } };
    };
    const look = (pool: Pool, parameters: Record<string, string> = {}) =>
      explainClaim({ ...empty, classes: [{ ...standard, parameters }], csiNodes: ours, pools: [pool] }, claimOf())
        .looked[0];
    expect(look(withFree('8Gi'))?.message).toMatch(/can promise 8Gi more, 10Gi was asked for/);
    expect(look(withFree('10Gi'))).toMatchObject({ taken: true });
    expect(look(withFree('12Gi', '4Gi'))?.message).toMatch(/can promise 8Gi more, 10Gi was asked for/);
    expect(look(withFree('10Gi'), { provisioning: 'thick' })?.message).toMatch(/can promise 9Gi more, 10Gi thick was/);

    const nearly = poolOf('nearly', '100Gi', '86Gi');
    expect(look(nearly)?.message).toMatch(/can promise 9Gi more, 10Gi was asked for/);
    expect(look({ ...nearly, spec: { ...nearly.spec, reserve: '0' } })).toMatchObject({ taken: true });
    expect(look({ ...nearly, spec: { ...nearly.spec, reserve: '6Gi' } })?.message).toMatch(/can promise 8Gi more/);
  });

  it('says which pool the class asks for', () => {
    const pools = [poolOf('a', '100Gi', '0'), poolOf('b', '100Gi', '99Gi')];
    const classes = [{ ...standard, parameters: { pool: 'b' } }];
    const report = explainClaim({ ...empty, classes, csiNodes: ours, pools }, claimOf());
    expect(report.looked[0]).toMatchObject({ taken: false, message: 'pool b was asked for' });
    expect(report.next.join()).toContain('create another Pool');
  });

  it('goes by the labels that the class wants of a pool', () => {
    const plain = poolOf('plain', '100Gi', '0');
    const labelled = poolOf('labelled', '50Gi', '0');
    const pools = [plain, { ...labelled, metadata: { ...labelled.metadata, labels: { disk: 'nvme' } } }];
    const classes = [{ ...standard, parameters: { poolSelector: 'disk=nvme' } }];
    const { looked } = explainClaim({ ...empty, classes, csiNodes: ours, pools }, claimOf());
    expect(looked).toMatchObject([
      { what: 'pool plain on node n', taken: false, message: expect.stringContaining('do not meet the selector') },
      { what: 'pool labelled on node n', taken: true },
    ]);
  });

  it('says what our driver would refuse of the class', () => {
    const classes = [{ ...standard, parameters: { speed: 'high' } }];
    const world = { ...empty, classes, csiNodes: ours, pools: [poolOf('a', '100Gi', '0')] };
    const { looked } = explainClaim(world, claimOf());
    expect(looked).toMatchObject([{ what: 'StorageClass standard', taken: false }]);
    expect(looked[0]?.message).toContain('unknown parameter "speed"');
  });

  it('names a Pod where there are pods, and a mount where there are none', () => {
    const bound = { ...claimOf({ volumeName: 'gone' }), status: { phase: 'Bound' as const } };
    const world = { ...empty, pvs: [volumeOf('gone', {})] };
    expect(explainClaim(world, bound).next.join()).toContain('moorage mount data PATH');
    expect(explainClaim({ ...world, isCluster: true }, bound).next.join()).toMatch(/in the volumes of a Pod: .*data/);
  });

  it('says why each volume that is there was not taken, and only counts those of others', () => {
    const pvs = [
      volumeOf('tiny', {}),
      volumeOf('other', { capacity: { storage: '20Gi' }, storageClassName: 'slow' }),
      ...['x', 'y'].map((name) => volumeOf(name, { claimRef: { namespace: 'default', name } })),
    ];
    const { looked } = explainClaim({ ...empty, classes: [standard], csiNodes: ours, pvs }, claimOf());
    expect(looked).toMatchObject([
      { what: 'PersistentVolume tiny', message: 'its size is 5Gi, less than 10Gi' },
      { what: 'PersistentVolume other', message: 'its class is "slow", not "standard"' },
      { what: '2 PersistentVolumes', message: 'they belong to other claims' },
      { what: 'pools', taken: false },
    ]);
  });

  it.each([
    ['no class and no default', claimOf({ storageClassName: undefined }), [], /there are: none/],
    ['a class that is not there', claimOf({ storageClassName: 'gold' }), [standard], /there are: standard/],
    ['a driver that is not plugged in', claimOf(), [{ ...standard, provisioner: 'other.org' }], /--csi other.org=/],
  ])('says what to do about %s', (_, claim, classes, next) => {
    expect(explainClaim({ ...empty, classes }, claim).next.join('\n')).toMatch(next);
  });

  it('names what keeps a claim that is being deleted', () => {
    const claim = claimOf();
    const deleted = { ...claim, metadata: { ...claim.metadata, deletionTimestamp: long } };
    const report = explainClaim({ ...empty, mounts: [mountOf('web')] }, deleted);
    expect(report.next).toEqual(['moorage umount web']);
  });
});

function mountOf(name: string, status: Mount['status'] = { phase: 'Mounted', node: 'n' }): Mount {
  return {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Mount',
    metadata: { name, namespace: 'default', uid: name, creationTimestamp: long },
    spec: { claim: 'data', path: '/srv', readOnly: false },
    status,
  };
}

describe('other kinds', () => {
  it('says what a Mount waits for', () => {
    const message = 'waiting for claim "data" to be bound';
    const mount = mountOf('web', { phase: 'Pending', conditions: [{ type: 'Ready', status: 'False', message }] });
    const report = explainMount({ ...empty, claims: [claimOf()] }, mount);
    expect(report.verdict).toBe(`Pending: ${message}`);
    expect(report.next).toEqual(['see what its claim waits for: moorage explain pvc/data -n default']);
  });

  it('says what to do with a released volume', () => {
    const pv = { ...volumeOf('old', {}), status: { phase: 'Released' as const } };
    expect(explainPersistentVolume(empty, pv).next.join()).toContain('kubectl delete pv old');
  });
});

describe('data that is gone, or goes', () => {
  const claim = { ...claimOf({ volumeName: 'pv' }), status: { phase: 'Bound' as const } };
  const claimRef = { namespace: 'default', name: 'data', uid: 'u' };
  const csi = { driver: 'csi.moorage.dev', volumeHandle: 'v' };
  const pv = { ...volumeOf('pv', { claimRef, csi, hostPath: undefined }), status: { phase: 'Bound' as const } };
  const volume: Volume = {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Volume',
    metadata: { name: 'v', creationTimestamp: long },
    spec: { size: '10Gi', mode: 'Filesystem', provisioning: 'thin' },
    status: { phase: 'Ready' },
  };
  const deleted = { ...volume, metadata: { ...volume.metadata, deletionTimestamp: long } };
  const world: World = { ...empty, claims: [claim], pvs: [pv], volumes: [volume] };

  it('is well with all that stands for each other there', () => {
    expect(explainClaim(world, claim).isWell).toBe(true);
    expect(findProblems(world)).toEqual([]);
  });

  it.each([
    ['a Volume that is gone', { ...world, volumes: [] }, 'pvc/data', /stands for Volume v, which is gone/, /restore/],
    [
      'one that is deleted',
      { ...world, volumes: [deleted] },
      'volume/v',
      /was deleted, though/,
      /clone data NEW-CLAIM/,
    ],
    [
      'a PersistentVolume that is gone',
      { ...world, pvs: [] },
      'pvc/data',
      /PersistentVolume pv, which is gone/,
      /restore/,
    ],
  ])('names %s', (_, broken, object, message, next) => {
    expect(findProblems(broken)).toEqual([
      expect.objectContaining({ object, message: expect.stringMatching(message) }),
    ]);
    const report = explainClaim(broken, claim);
    expect(report).toMatchObject({ isWell: false, verdict: expect.stringMatching(message) });
    expect(report.next[0]).toMatch(next);
  });

  it('names what keeps bytes from being deleted, and Mounts that somebody has taken off', () => {
    const conditions = [{ type: 'Ready', status: 'False' as const, reason: 'DeleteFailed', message: 'x is immutable' }];
    const stuck = { ...deleted, status: { phase: 'Deleting' as const, conditions } };
    const failed: World['snapshots'][number] = {
      apiVersion: 'moorage.dev/v1alpha1',
      kind: 'Snapshot',
      metadata: { name: 's' },
      spec: { volume: 'v' },
      status: { phase: 'Failed', conditions: [{ type: 'Ready', status: 'False', message: 'the pool is full' }] },
    };
    const found = findProblems({ ...empty, volumes: [stuck], snapshots: [failed] }, Date.now(), [mountOf('web')]);
    expect(found).toEqual([
      expect.objectContaining({ object: 'volume/v', message: 'x is immutable' }),
      expect.objectContaining({ object: 'snapshot/s', message: 'the pool is full' }),
      expect.objectContaining({ object: 'mount/web', message: expect.stringContaining('nothing is mounted at') }),
    ]);
  });
});

describe('findProblems', () => {
  it('finds nothing in an empty world, nor in a claim that waits for its consumer', () => {
    expect(findProblems(empty)).toEqual([]);
    expect(findProblems({ ...empty, claims: [claimOf()] })).toEqual([]);
  });

  it('finds a claim by its newest event, a Mount by its condition and a pool by its warnings', () => {
    const event = (type: string, message: string, lastTimestamp: string): World['events'][number] => ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: message },
      involvedObject: { uid: 'u' },
      type,
      message,
      lastTimestamp,
    });
    const pool = poolOf('ssd', '1Gi', '0');
    const nearlyFull = { type: 'NearlyFull', status: 'True' as const, message: 'it is nearly full' };
    const world: World = {
      ...empty,
      claims: [claimOf()],
      events: [event('Normal', 'tried', '2026-01-01T00:00:01Z'), event('Warning', 'no room', '2026-01-01T00:00:02Z')],
      mounts: [
        mountOf('web', { phase: 'Failed', conditions: [{ type: 'Ready', status: 'False', message: 'in use' }] }),
      ],
      pools: [{ ...pool, status: { ...pool.status, conditions: [nearlyFull] } }],
    };
    expect(findProblems(world)).toEqual([
      { object: 'pool/ssd', namespace: undefined, message: 'it is nearly full' },
      { object: 'pvc/data', namespace: 'default', message: 'no room' },
      { object: 'mount/web', namespace: 'default', message: 'in use' },
    ]);
  });
});
