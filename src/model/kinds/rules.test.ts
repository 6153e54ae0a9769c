import { describe, expect, test } from 'vitest';
import type { Kind } from '../kind.ts';
import type { KubeObject } from '../object.ts';
import {
  anyKind,
  configMaps,
  csiDrivers,
  mounts,
  persistentVolumeClaims,
  persistentVolumes,
  pools,
  roleBindings,
  secrets,
  storageClasses,
  volumeAttachments,
  volumeSnapshots,
  volumes,
} from './index.ts';

type Draft = Record<string, unknown>;

/** An object as the API would take it: defaults filled in, typed, and checked. */
function accept<T extends KubeObject>(kind: Kind<T>, content: Draft, old?: Draft): { object: T; errors: string[] } {
  const complete = (draft: Draft) => {
    const metadata = { name: 'thing', ...(kind.namespaced ? { namespace: 'default' } : {}) };
    const object = {
      apiVersion: kind.group ? `${kind.group}/${kind.version}` : kind.version,
      kind: kind.kind,
      metadata,
    };
    const copy = structuredClone({ ...object, ...draft }) as unknown as T;
    kind.prepare?.(copy);
    return kind.schema.parse(copy);
  };
  const object = complete(content);
  const errors = kind.validate?.(object, old && complete(old)) ?? [];
  return { object, errors: errors.map(({ field, message }) => (field ? `${field}: ${message}` : message)) };
}

const storage = (size: string) => ({ resources: { requests: { storage: size } } });
const claim = { accessModes: ['ReadWriteOnce'], ...storage('1Gi') };

describe('a claim', () => {
  const errorsOf = (spec: Draft, old?: Draft) =>
    accept(
      persistentVolumeClaims,
      { spec },
      old && { spec: old, status: { phase: 'Bound', capacity: { storage: '1Gi' } } },
    ).errors;

  test('gets the defaults of Kubernetes', () => {
    const { object, errors } = accept(persistentVolumeClaims, { spec: claim });
    expect(errors).toEqual([]);
    expect(object.spec.volumeMode).toBe('Filesystem');
    expect(object.status).toEqual({ phase: 'Pending' });
  });

  test.each<[string, Draft, string]>([
    ['no access mode', storage('1Gi'), 'spec.accessModes: Required value: at least 1 access mode is required'],
    [
      'ReadWriteOncePod beside another mode',
      { ...claim, accessModes: ['ReadWriteOncePod', 'ReadOnlyMany'] },
      'spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
    ],
    ['no size', { accessModes: ['ReadWriteOnce'] }, 'spec.resources[storage]: Required value'],
    [
      'no bytes',
      { ...claim, ...storage('0') },
      'spec.resources[storage]: Invalid value: "0": must be greater than zero',
    ],
    [
      'a source that is neither claim nor snapshot nor of a group',
      { ...claim, dataSourceRef: { kind: 'Pod', name: 'a' } },
      'spec.dataSourceRef: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
    ],
    [
      'two different sources',
      {
        ...claim,
        dataSource: { kind: 'PersistentVolumeClaim', name: 'a' },
        dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'b' },
      },
      'spec: Invalid value: {}: must match dataSourceRef',
    ],
    [
      'a selector that names no values',
      { ...claim, selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
      "spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ],
  ])('with %s is refused', (_, spec, message) => {
    expect(errorsOf(spec)).toContain(message);
  });

  test('has its source under both names', () => {
    const source = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'before' };
    for (const field of ['dataSource', 'dataSourceRef']) {
      const { object } = accept(persistentVolumeClaims, { spec: { ...claim, [field]: source } });
      expect([object.spec.dataSource, object.spec.dataSourceRef]).toEqual([source, source]);
    }
  });

  test('loses a dataSource that is neither claim nor snapshot; a dataSourceRef may be anything', () => {
    const source = { apiGroup: 'example.com', kind: 'Thing', name: 'a' };
    expect(
      accept(persistentVolumeClaims, { spec: { ...claim, dataSource: source } }).object.spec.dataSource,
    ).toBeUndefined();
    const { spec } = accept(persistentVolumeClaims, { spec: { ...claim, dataSourceRef: source } }).object;
    expect([spec.dataSource, spec.dataSourceRef]).toEqual([undefined, source]);
  });

  test('that is bound may grow, and change its attributes class, and nothing else', () => {
    expect(errorsOf({ ...claim, ...storage('2Gi'), volumeAttributesClassName: 'fast' }, claim)).toEqual([]);
    expect(errorsOf({ ...claim, volumeMode: 'Block' }, claim)[0]).toMatch(
      /^spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n- volumeMode: "Filesystem"\n\+ volumeMode: "Block"$/,
    );
  });

  test('can be given its volume once', () => {
    expect(errorsOf({ ...claim, volumeName: 'pv-1' }, claim)).toEqual([]);
    expect(errorsOf({ ...claim, volumeName: 'pv-2' }, { ...claim, volumeName: 'pv-1' })[0]).toContain('volumeName');
  });

  test('can take back a growth, but not what it has', () => {
    expect(errorsOf({ ...claim, ...storage('2Gi') }, { ...claim, ...storage('3Gi') })).toEqual([]);
    expect(errorsOf({ ...claim, ...storage('512Mi') }, claim)).toEqual([
      'spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
    ]);
  });

  test('that is not bound can not grow', () => {
    const { errors } = accept(persistentVolumeClaims, { spec: { ...claim, ...storage('2Gi') } }, { spec: claim });
    expect(errors[0]).toContain('spec is immutable after creation');
  });

  test('may write the same size in another way', () => {
    expect(errorsOf({ ...claim, ...storage('1024Mi') }, claim)).toEqual([]);
  });
});

describe('a volume of Kubernetes', () => {
  const csi = { driver: 'csi.example.com', volumeHandle: 'v1' };
  const spec = { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], csi };
  const errorsOf = (draft: Draft, old?: Draft) =>
    accept(persistentVolumes, { spec: draft }, old && { spec: old }).errors;

  test('gets the defaults of Kubernetes', () => {
    const { object, errors } = accept(persistentVolumes, { spec });
    expect(errors).toEqual([]);
    expect(object.spec).toMatchObject({ persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' });
    expect(object.status?.phase).toBe('Pending');
  });

  test.each<[string, Draft, string]>([
    ['no source', { ...spec, csi: undefined }, 'spec: Required value: must specify a volume type'],
    [
      'two sources',
      { ...spec, nfs: { server: 'a', path: '/b' } },
      'spec.nfs: Forbidden: may not specify more than 1 volume type',
    ],
    ['no capacity', { ...spec, capacity: {} }, 'spec.capacity: Required value'],
    [
      'a local path on no node',
      { ...spec, csi: undefined, local: { path: '/data' } },
      'spec.nodeAffinity: Required value: Local volume requires node affinity',
    ],
    [
      'a path that steps back',
      { ...spec, csi: undefined, hostPath: { path: '/a/../b' } },
      'spec.hostPath.path: Invalid value: "/a/../b": must not contain \'..\'',
    ],
    [
      'a recycled root',
      { ...spec, csi: undefined, hostPath: { path: '/' }, persistentVolumeReclaimPolicy: 'Recycle' },
      "spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
    ],
  ])('with %s is refused', (_, draft, message) => {
    expect(errorsOf(draft)).toContain(message);
  });

  test('keeps its source', () => {
    expect(errorsOf({ ...spec, csi: { ...csi, volumeHandle: 'v2' } }, spec)).toEqual([
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
    ]);
    const withSecret = { ...csi, controllerExpandSecretRef: { name: 'a', namespace: 'b' } };
    expect(errorsOf({ ...spec, csi: withSecret }, spec)).toEqual([]);
  });

  test('may be larger, and be given a claim', () => {
    expect(errorsOf({ ...spec, capacity: { storage: '2Gi' }, claimRef: { name: 'a', namespace: 'b' } }, spec)).toEqual(
      [],
    );
  });
});

describe('the other kinds of Kubernetes', () => {
  test('a StorageClass has defaults, and keeps what volumes were made by', () => {
    const it = { provisioner: 'csi.example.com' };
    expect(accept(storageClasses, it).object).toMatchObject({
      reclaimPolicy: 'Delete',
      volumeBindingMode: 'Immediate',
    });
    const changed = {
      provisioner: 'other',
      reclaimPolicy: 'Retain',
      volumeBindingMode: 'WaitForFirstConsumer',
      parameters: { a: 'b' },
    };
    expect(accept(storageClasses, changed, it).errors).toEqual([
      'parameters: Forbidden: updates to parameters are forbidden.',
      'provisioner: Forbidden: updates to provisioner are forbidden.',
      'reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ]);
    expect(accept(storageClasses, { ...it, allowVolumeExpansion: true, mountOptions: ['noatime'] }, it).errors).toEqual(
      [],
    );
  });

  test('the default StorageClass says so behind its name', () => {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    const { object } = accept(storageClasses, { provisioner: 'a', metadata: { name: 'fast', annotations } });
    expect(storageClasses.columns[0]?.value(object)).toBe('fast (default)');
  });

  test('a CSIDriver keeps attachRequired', () => {
    const before = { spec: { attachRequired: true } };
    expect(accept(csiDrivers, { spec: { attachRequired: false } }, before).errors).toEqual([
      'spec.attachedRequired: Invalid value: false: field is immutable',
    ]);
    expect(accept(csiDrivers, { spec: {} }).object.spec).toMatchObject({
      attachRequired: true,
      volumeLifecycleModes: ['Persistent'],
    });
  });

  test('a VolumeAttachment keeps its spec', () => {
    const spec = { attacher: 'csi.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } };
    expect(accept(volumeAttachments, { spec: { ...spec, nodeName: 'm' } }, { spec }).errors[0]).toContain(
      'field is immutable',
    );
    expect(accept(volumeAttachments, { spec: { ...spec, source: {} } }).errors).toEqual([
      'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
    ]);
  });

  test('a VolumeSnapshot has one source, for ever', () => {
    const spec = { source: { persistentVolumeClaimName: 'a' } };
    expect(accept(volumeSnapshots, { spec }).errors).toEqual([]);
    expect(accept(volumeSnapshots, { spec: { source: {} } }).errors).toEqual([
      'spec.source: Invalid value: "object": exactly one of volumeSnapshotContentName and persistentVolumeClaimName must be set',
    ]);
    expect(accept(volumeSnapshots, { spec: { source: { persistentVolumeClaimName: 'b' } } }, { spec }).errors).toEqual([
      'spec.source.persistentVolumeClaimName: Invalid value: "string": persistentVolumeClaimName is immutable',
    ]);
  });

  test('a Secret takes plain text, keeps base64, and does not show what it refuses', () => {
    const { object, errors } = accept(secrets, { stringData: { password: 'secret' } });
    expect(errors).toEqual([]);
    expect(object).toMatchObject({ type: 'Opaque', data: { password: 'c2VjcmV0' } });
    expect(accept(secrets, { data: { password: 'not base64!' } }).errors.join()).toMatch(
      /^data\[password\]: Invalid value: "<redacted>"/,
    );
    const frozen = { immutable: true, data: { a: 'YQ==' } };
    expect(accept(secrets, { immutable: true, data: { a: 'Yg==' } }, frozen).errors).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });

  test('a RoleBinding keeps its role', () => {
    const roleRef = { kind: 'Role', name: 'reader' };
    const subjects = [{ kind: 'User', name: 'jane' }];
    const { object, errors } = accept(roleBindings, { metadata: { name: 'a:b', namespace: 'n' }, roleRef, subjects });
    expect(errors).toEqual([]);
    expect(object.subjects?.[0]?.apiGroup).toBe('rbac.authorization.k8s.io');
    expect(accept(roleBindings, { roleRef: { ...roleRef, name: 'writer' } }, { roleRef }).errors[0]).toContain(
      'cannot change roleRef',
    );
  });
});

describe("Moorage's own kinds", () => {
  test.each<[string, string]>([
    ['data', 'must be an absolute path'],
    ['/data/', 'must be in its shortest form'],
    ['/data//x', 'must be in its shortest form'],
    ['/data/../x', 'must be in its shortest form'],
    ['/', "must not be the root directory '/'"],
  ])('a Mount at %s is refused', (path, message) => {
    expect(accept(mounts, { spec: { claim: 'data', path } }).errors.join()).toContain(message);
  });

  test('a Mount keeps its spec', () => {
    const spec = { claim: 'data', path: '/data' };
    expect(accept(mounts, { spec }).errors).toEqual([]);
    expect(accept(mounts, { spec: { ...spec, path: '/other' } }, { spec }).errors[0]).toContain('field is immutable');
  });

  test('a Volume grows and never shrinks', () => {
    const spec = { size: '1Gi' };
    expect(accept(volumes, { spec: { size: '2Gi' } }, { spec }).errors).toEqual([]);
    expect(accept(volumes, { spec: { size: '512Mi' } }, { spec }).errors).toEqual([
      'spec.size: Forbidden: can grow, not shrink: it was 1Gi',
    ]);
    expect(accept(volumes, { spec: { ...spec, fsType: 'xfs' } }, { spec }).errors[0]).toContain('spec.fsType');
  });

  test('a new Volume has only options for mkfs that are allowed; one that is there keeps its own', () => {
    const spec = { size: '1Gi', mkfsOptions: ['-d', '/etc'] };
    expect(accept(volumes, { spec }).errors[0]).toContain(
      'spec.mkfsOptions: Invalid value: "-d /etc": mkfs option "-d"',
    );
    expect(accept(volumes, { spec: { ...spec, mkfsOptions: ['-m', '5'] } }).errors).toEqual([]);
    expect(accept(volumes, { spec: { ...spec, size: '2Gi' } }, { spec }).errors).toEqual([]);
  });

  test('a Pool keeps where its data is', () => {
    const spec = { path: '/pool', backend: 'image', size: '10Gi' };
    expect(accept(pools, { spec: { ...spec, size: '20Gi', overProvisioning: 3 } }, { spec }).errors).toEqual([]);
    expect(accept(pools, { spec: { ...spec, size: '5Gi', path: '/else' } }, { spec }).errors).toEqual([
      'spec.path: Invalid value: "/else": field is immutable',
      'spec.size: Forbidden: can grow, not shrink: it was 10Gi',
    ]);
    expect(accept(pools, { spec: { path: 'relative' } }).errors[0]).toContain('must be an absolute path');
  });

  test('a Pool that was opened stays where it was made, also where nobody had said where that is', () => {
    const nodes = [{ node: 'n', backend: 'image', path: '/d/pools/p' }];
    const errorsOf = (spec: Draft, before: Draft = {}) =>
      accept(pools, { spec }, { spec: before, status: { nodes } }).errors;
    expect(errorsOf({ path: '/else', node: 'other', backend: 'directory' })).toEqual([
      'spec.backend: Invalid value: "directory": field is immutable: the pool was made with image',
      'spec.path: Invalid value: "/else": field is immutable: the pool was made with /d/pools/p',
      'spec.node: Invalid value: "other": field is immutable: the pool was made with n',
    ]);
    expect(errorsOf({ path: '/d/pools/p', node: 'n', backend: 'image' })).toEqual([]);
    expect(errorsOf({ path: '/d/pools/p' }, { path: '/else' }), 'the way back').toEqual([]);
    expect(errorsOf({}, { path: '/d/pools/p' })).toHaveLength(1);
    const failed = { spec: {}, status: { nodes: [{ node: 'n' }] } };
    expect(accept(pools, { spec: { path: '/else' } }, failed).errors).toEqual([]);
  });

  test('a Volume that is placed takes no other pool, and no other wishes', () => {
    const placed = { spec: { size: '1Gi' }, status: { placement: { pool: 'p', node: 'n', engine: 'local' } } };
    const errorsOf = (spec: Draft) => accept(volumes, { spec: { size: '1Gi', ...spec } }, placed).errors;
    expect(errorsOf({ pool: 'q' })).toEqual(['spec.pool: Invalid value: "q": field is immutable']);
    expect(errorsOf({ pool: 'p' })).toEqual([]);
    expect(errorsOf({ nodes: ['m'] })[0]).toContain('spec.nodes');
  });

  test('sizes that nothing can have are refused', () => {
    for (const size of ['8Ei', '1e30', '4503599627370497']) {
      expect(accept(pools, { spec: { size } }).errors[0]).toContain('spec.size: Invalid value');
      expect(accept(volumes, { spec: { size } }).errors[0]).toContain('must be at most 4Pi');
    }
    expect(accept(volumes, { spec: { size: '4Pi' } }).errors).toEqual([]);
  });
});

test('prepare and validate stand objects without a spec, which the schema refuses later', () => {
  for (const kind of [persistentVolumeClaims, persistentVolumes, csiDrivers, roleBindings].map((it) =>
    anyKind(it as never),
  )) {
    expect(() => kind.prepare?.({ apiVersion: 'v1', kind: kind.kind, metadata: { name: 'a' } })).not.toThrow();
  }
});

describe('keys that look like what every object inherits', () => {
  const inherited = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];

  test.each([...inherited, '__proto__'])('a Secret of type %s is one of no special type', (type) => {
    expect(accept(secrets, { type, data: {} }).errors).toEqual([]);
  });

  test.each(inherited)('a ConfigMap with the key %s', (key) => {
    expect(accept(configMaps, { data: { [key]: 'x' }, binaryData: {} }).errors).toEqual([]);
    expect(accept(configMaps, { data: { [key]: 'x' }, binaryData: { [key]: 'eA==' } }).errors).toHaveLength(1);
  });

  test('a Secret that lacks a key does not inherit it', () => {
    expect(accept(secrets, { type: 'kubernetes.io/tls', data: {} }).errors).toHaveLength(2);
  });
});
