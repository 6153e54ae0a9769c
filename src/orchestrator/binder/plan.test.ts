import { describe, expect, test } from 'vitest';
import {
  bindCompletedAnnotation,
  boundByControllerAnnotation,
  claimProtectionFinalizer,
  provisionedByAnnotation,
  provisioningFinalizer,
  selectedNodeAnnotation,
  storageProvisionerAnnotation,
} from '../../model/claims/well-known.ts';
import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../model/kinds/index.ts';
import { type BindingWorld, planBinding } from './plan.ts';
import type { BindingStep } from './steps.ts';

type ClaimSpec = PersistentVolumeClaim['spec'];
type VolumeSpec = PersistentVolume['spec'];

const created = '2026-01-01T00:00:00Z';
const now = new Date('2026-01-01T00:00:05Z');

function claim(spec: Partial<ClaimSpec> = {}, marks: Record<string, string> = {}): PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: 'data',
      namespace: 'default',
      uid: 'claim-uid',
      resourceVersion: '7',
      creationTimestamp: created,
      annotations: marks,
      finalizers: [claimProtectionFinalizer],
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'manual',
      resources: { requests: { storage: '5Gi' } },
      ...spec,
    },
  };
}

function volume(name: string, spec: Partial<VolumeSpec> = {}, more: Partial<PersistentVolume> = {}): PersistentVolume {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, uid: `${name}-uid`, resourceVersion: '3' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '5Gi' },
      storageClassName: 'manual',
      hostPath: { path: `/srv/${name}` },
      ...spec,
    },
    status: { phase: 'Available' },
    ...more,
  };
}

function storageClass(name: string, more: Partial<StorageClass> = {}): StorageClass {
  return {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, creationTimestamp: created },
    provisioner: 'csi.moorage.dev',
    volumeBindingMode: 'Immediate',
    ...more,
  };
}

const manual = storageClass('manual', { provisioner: 'kubernetes.io/no-provisioner' });
const fast = storageClass('fast');
const lazy = storageClass('lazy', { volumeBindingMode: 'WaitForFirstConsumer' });

function node(name: string): Node {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name } } };
}

function onNode(name: string): Pick<VolumeSpec, 'nodeAffinity'> {
  const matchExpressions = [{ key: 'kubernetes.io/hostname', operator: 'In' as const, values: [name] }];
  return { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions }] } } };
}

function plan(world: Partial<BindingWorld>) {
  return planBinding({
    claim: claim(),
    classes: [manual, fast, lazy],
    volumes: [],
    hasDriver: () => true,
    now,
    ...world,
  });
}

function only<K extends BindingStep['do']>(steps: readonly BindingStep[], kind: K): (BindingStep & { do: K })[] {
  return steps.filter((step): step is BindingStep & { do: K } => step.do === kind);
}

describe('which volume a claim takes', () => {
  const table: {
    readonly rule: string;
    readonly claim?: Partial<ClaimSpec>;
    readonly volumes: readonly PersistentVolume[];
    readonly takes: string | undefined;
    readonly refused?: Record<string, string>;
  }[] = [
    {
      rule: 'the smallest that fits',
      volumes: [
        volume('big', { capacity: { storage: '50Gi' } }),
        volume('fit', { capacity: { storage: '6Gi' } }),
        volume('small', { capacity: { storage: '1Gi' } }),
      ],
      takes: 'fit',
      refused: { big: 'NotTheBest', small: 'TooSmall' },
    },
    { rule: 'one of exactly its size', volumes: [volume('exact')], takes: 'exact' },
    {
      rule: 'one with fewer access modes before a smaller one',
      volumes: [
        volume('shared', { accessModes: ['ReadWriteOnce', 'ReadWriteMany'] }),
        volume('single', { capacity: { storage: '50Gi' } }),
      ],
      takes: 'single',
    },
    {
      rule: 'only one that offers all its access modes',
      claim: { accessModes: ['ReadWriteOnce', 'ReadOnlyMany'] },
      volumes: [volume('one')],
      takes: undefined,
      refused: { one: 'AccessModeMismatch' },
    },
    {
      rule: 'only one of its volume mode',
      claim: { volumeMode: 'Block' },
      volumes: [volume('files'), volume('raw', { volumeMode: 'Block' })],
      takes: 'raw',
      refused: { files: 'VolumeModeMismatch' },
    },
    {
      rule: 'only one of its class',
      volumes: [volume('other', { storageClassName: 'other' }), volume('none', { storageClassName: '' })],
      takes: undefined,
      refused: { other: 'ClassMismatch', none: 'ClassMismatch' },
    },
    {
      rule: 'with class "", only one without a class',
      claim: { storageClassName: '' },
      volumes: [volume('classy'), volume('plain', { storageClassName: '' })],
      takes: 'plain',
    },
    {
      rule: 'only one whose labels match its selector',
      claim: {
        selector: { matchLabels: { disk: 'ssd' }, matchExpressions: [{ key: 'old', operator: 'DoesNotExist' }] },
      },
      volumes: [
        volume('hdd', {}, { metadata: { name: 'hdd', labels: { disk: 'hdd' } } }),
        volume('ssd', { capacity: { storage: '9Gi' } }, { metadata: { name: 'ssd', labels: { disk: 'ssd' } } }),
        volume('old', {}, { metadata: { name: 'old', labels: { disk: 'ssd', old: '' } } }),
      ],
      takes: 'ssd',
      refused: { hdd: 'SelectorMismatch', old: 'SelectorMismatch' },
    },
    {
      rule: 'only one that is Available',
      volumes: [volume('new', {}, { status: {} }), volume('released', {}, { status: { phase: 'Released' } })],
      takes: undefined,
      refused: { new: 'NotAvailable', released: 'NotAvailable' },
    },
    {
      rule: 'none that is being deleted',
      volumes: [volume('going', {}, { metadata: { name: 'going', deletionTimestamp: created } })],
      takes: undefined,
      refused: { going: 'Deleting' },
    },
    {
      rule: 'none that belongs to another claim',
      volumes: [volume('taken', { claimRef: { namespace: 'default', name: 'other', uid: 'u' } })],
      takes: undefined,
      refused: { taken: 'ClaimedByAnother' },
    },
    {
      rule: 'none that belongs to an earlier claim of its name',
      volumes: [volume('earlier', { claimRef: { namespace: 'default', name: 'data', uid: 'earlier-uid' } })],
      takes: undefined,
      refused: { earlier: 'ClaimedByAnother' },
    },
    {
      rule: 'one that is reserved for it by name, before a better one, whatever its class, labels and phase',
      claim: { selector: { matchLabels: { disk: 'ssd' } } },
      volumes: [
        volume('better', {}, { metadata: { name: 'better', labels: { disk: 'ssd' } } }),
        volume(
          'reserved',
          { claimRef: { namespace: 'default', name: 'data' }, storageClassName: 'x', capacity: { storage: '9Gi' } },
          { status: {} },
        ),
      ],
      takes: 'reserved',
    },
    {
      rule: 'not one that is reserved for it but too small',
      volumes: [volume('reserved', { claimRef: { namespace: 'default', name: 'data' }, capacity: { storage: '1Gi' } })],
      takes: undefined,
      refused: { reserved: 'TooSmall' },
    },
    {
      rule: 'not one that is reserved for its namesake in another namespace',
      volumes: [volume('reserved', { claimRef: { namespace: 'other', name: 'data' } })],
      takes: undefined,
    },
  ];
  test.each(table)('takes $rule', ({ claim: spec, volumes, takes, refused = {} }) => {
    const result = plan({ claim: claim(spec), volumes });
    expect(result.volume).toBe(takes);
    expect(result.outcome).toBe(takes ? 'bind' : 'refused');
    const reasons = Object.fromEntries(result.looked.map((look) => [look.volume, look.reason]));
    expect(reasons).toMatchObject(refused);
  });
});

describe('binding', () => {
  test('reserves the volume first, then names it in the claim, then says Bound with its size and modes', () => {
    const { steps } = plan({ volumes: [volume('one', { capacity: { storage: '6Gi' } })] });
    expect(steps.map((step) => step.do)).toEqual(['change-volume', 'change-claim', 'set-claim-status']);
    expect(steps[0]).toMatchObject({
      claimRef: { kind: 'PersistentVolumeClaim', namespace: 'default', name: 'data', uid: 'claim-uid' },
      annotations: { [boundByControllerAnnotation]: 'yes' },
    });
    expect(steps[1]).toMatchObject({
      volumeName: 'one',
      annotations: { [boundByControllerAnnotation]: 'yes', [bindCompletedAnnotation]: 'yes' },
    });
    expect(steps[2]).toMatchObject({
      status: { phase: 'Bound', capacity: { storage: '6Gi' }, accessModes: ['ReadWriteOnce'] },
    });
  });

  test('a volume that was just made for the claim costs one write of the claim and one of its status', () => {
    const made = volume('pvc-1', {
      storageClassName: 'fast',
      claimRef: { namespace: 'default', name: 'data', uid: 'claim-uid' },
    });
    const provisioned = {
      ...made,
      metadata: { ...made.metadata, annotations: { [provisionedByAnnotation]: 'csi.moorage.dev' } },
    };
    const { steps } = plan({ claim: claim({ storageClassName: 'fast' }), volumes: [{ ...provisioned, status: {} }] });
    expect(steps.map((step) => step.do)).toEqual(['change-claim', 'set-claim-status']);
    expect(only(steps, 'change-claim')[0]?.removeFinalizers).toEqual([provisioningFinalizer]);
  });

  test('a volume that a person reserved by name keeps no mark of the binder, but gets the uid', () => {
    const { steps } = plan({ volumes: [volume('one', { claimRef: { namespace: 'default', name: 'data' } })] });
    expect(only(steps, 'change-volume')[0]).toMatchObject({ claimRef: { uid: 'claim-uid' } });
    expect(only(steps, 'change-volume')[0]?.annotations).toBeUndefined();
  });

  test('is cut off anywhere and goes on from there', () => {
    const reserved = volume('one', { claimRef: { namespace: 'default', name: 'data', uid: 'claim-uid' } });
    expect(plan({ volumes: [reserved] }).steps.map((step) => step.do)).toEqual(['change-claim', 'set-claim-status']);
    const named = claim({ volumeName: 'one' }, { [bindCompletedAnnotation]: 'yes' });
    expect(plan({ claim: named, volumes: [reserved] }).steps.map((step) => step.do)).toEqual(['set-claim-status']);
    const status = { phase: 'Bound' as const, accessModes: reserved.spec.accessModes, capacity: { storage: '5Gi' } };
    const done = { ...named, status } as PersistentVolumeClaim;
    expect(plan({ claim: done, volumes: [reserved] })).toMatchObject({ outcome: 'bound', steps: [] });
  });

  test('a bound claim keeps the size in its status while its volume grows', () => {
    const grown = volume('one', {
      capacity: { storage: '9Gi' },
      claimRef: { namespace: 'default', name: 'data', uid: 'claim-uid' },
    });
    const bound: PersistentVolumeClaim = {
      ...claim({ volumeName: 'one' }, { [bindCompletedAnnotation]: 'yes' }),
      status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '5Gi' } },
    };
    expect(plan({ claim: bound, volumes: [grown] }).steps).toEqual([]);
  });

  test('nothing new is bound to a claim that is being deleted', () => {
    const going = claim();
    going.metadata.deletionTimestamp = created;
    expect(plan({ claim: going, volumes: [volume('one')] })).toMatchObject({ outcome: 'wait', steps: [] });
  });

  test('the finalizer that protects the claim joins the first write', () => {
    const bare = claim();
    bare.metadata.finalizers = [];
    const { steps } = plan({ claim: bare, volumes: [volume('one')] });
    expect(only(steps, 'change-claim')).toHaveLength(1);
    expect(only(steps, 'change-claim')[0]?.addFinalizers).toEqual([claimProtectionFinalizer]);
  });
});

describe('a claim that names its volume', () => {
  const named = (spec: Partial<ClaimSpec> = {}) => claim({ volumeName: 'mine', ...spec });

  test('waits until the volume is there', () => {
    expect(plan({ claim: named() })).toMatchObject({ outcome: 'wait', reason: 'VolumeMissing', steps: [] });
  });
  test('takes it even if a smaller one would fit', () => {
    const result = plan({ claim: named(), volumes: [volume('mine', { capacity: { storage: '99Gi' } })] });
    expect(result).toMatchObject({ outcome: 'bind', volume: 'mine' });
    expect(only(result.steps, 'change-claim')[0]?.annotations).toEqual({ [bindCompletedAnnotation]: 'yes' });
  });
  test('is told when it belongs to somebody else', () => {
    const other = { claimRef: { namespace: 'default', name: 'other', uid: 'u' } };
    const result = plan({ claim: named(), volumes: [volume('mine', other)] });
    expect(result.message).toBe('volume "mine" already bound to a different claim.');
    expect(only(result.steps, 'tell')[0]).toMatchObject({ reason: 'FailedBinding', type: 'Warning' });
  });
  test.each([
    ['size', { capacity: { storage: '1Gi' } }, 'less than 5Gi'],
    ['class', { storageClassName: 'other' }, 'its class is "other"'],
    ['volume mode', { volumeMode: 'Block' as const }, 'its mode is Block'],
    ['access modes', { accessModes: ['ReadOnlyMany' as const] }, 'it does not offer ReadWriteOnce'],
  ])('is told about a mismatch of %s', (_, spec, words) => {
    const result = plan({ claim: named(), volumes: [volume('mine', spec)] });
    expect(result).toMatchObject({ outcome: 'refused', reason: 'VolumeMismatch' });
    expect(result.message).toContain(`Cannot bind to requested volume "mine": `);
    expect(result.message).toContain(words);
  });
});

describe('a claim that nothing fits', () => {
  test('marks its class for the provisioner, in one write', () => {
    const result = plan({ claim: claim({ storageClassName: 'fast' }) });
    expect(result.outcome).toBe('provision');
    expect(result.steps).toMatchObject([
      {
        do: 'change-claim',
        annotations: { [storageProvisionerAnnotation]: 'csi.moorage.dev' },
        addFinalizers: [provisioningFinalizer],
      },
    ]);
    expect(result.again).toBeGreaterThan(0);
  });
  test('says nothing new while the provisioner works, and says so when it takes a minute', () => {
    const marked = claim({ storageClassName: 'fast' }, { [storageProvisionerAnnotation]: 'csi.moorage.dev' });
    expect(plan({ claim: marked }).steps).toEqual([]);
    const later = plan({ claim: marked, now: new Date('2026-01-01T00:02:00Z') });
    expect(later.steps).toMatchObject([{ do: 'tell', reason: 'ExternalProvisioning' }]);
  });
  test('says at once that it waits for a driver that is not plugged in', () => {
    const { steps } = plan({ claim: claim({ storageClassName: 'fast' }), hasDriver: () => false });
    expect(only(steps, 'tell')[0]?.message).toContain("the external provisioner 'csi.moorage.dev'");
    expect(only(steps, 'change-claim')[0]?.addFinalizers).toBeUndefined();
  });
  test('without a class is told so', () => {
    const { steps, outcome } = plan({ claim: claim({ storageClassName: '' }) });
    expect(outcome).toBe('refused');
    const message = 'no persistent volumes available for this claim and no storage class is set';
    expect(steps).toMatchObject([{ do: 'tell', type: 'Normal', reason: 'FailedBinding', message }]);
  });
  test('of a class that does not exist is told so', () => {
    const { steps } = plan({ claim: claim({ storageClassName: 'nope' }) });
    const message = 'storageclass.storage.k8s.io "nope" not found';
    expect(steps).toMatchObject([{ do: 'tell', type: 'Warning', reason: 'ProvisioningFailed', message }]);
  });
  test('of a class without a provisioner is told so', () => {
    expect(plan({}).message).toBe('no volume plugin matched name: kubernetes.io/no-provisioner');
  });
});

describe('a claim that names no class', () => {
  const unnamed = () => {
    const { storageClassName: _, ...spec } = claim().spec;
    return { ...claim(), spec };
  };
  const isDefault = { 'storageclass.kubernetes.io/is-default-class': 'true' };

  test('takes a volume without a class', () => {
    const plain = volume('plain', { storageClassName: '' });
    expect(plan({ claim: unnamed(), volumes: [plain] }).volume).toBe('plain');
  });
  test('adopts the newest default class in the same write as the mark for its provisioner', () => {
    const classes = ['a', 'b', 'c'].map((name, day) =>
      storageClass(name, {
        metadata: { name, creationTimestamp: `2026-01-0${day + 1}T00:00:00Z`, annotations: day < 2 ? isDefault : {} },
      }),
    );
    const { steps } = plan({ claim: unnamed(), classes });
    expect(steps).toMatchObject([
      {
        do: 'change-claim',
        storageClassName: 'b',
        annotations: { [storageProvisionerAnnotation]: 'csi.moorage.dev' },
      },
    ]);
  });
  test('with class "" adopts none', () => {
    const classes = [storageClass('a', { metadata: { name: 'a', annotations: isDefault } })];
    expect(plan({ claim: claim({ storageClassName: '' }), classes }).reason).toBe('FailedBinding');
  });
});

describe('a class that waits for a first consumer', () => {
  const lazyClaim = (marks = {}) => claim({ storageClassName: 'lazy' }, marks);

  test('waits, although a volume would fit', () => {
    const result = plan({ claim: lazyClaim(), volumes: [volume('one', { storageClassName: 'lazy' })] });
    expect(result).toMatchObject({ outcome: 'wait', reason: 'WaitForFirstConsumer' });
    expect(result.looked).toMatchObject([{ volume: 'one', reason: 'WaitForFirstConsumer' }]);
    const message = 'waiting for first consumer to be created before binding';
    expect(result.steps).toMatchObject([{ do: 'tell', reason: 'WaitForFirstConsumer', message }]);
  });
  test('does not wait for a volume that is reserved for the claim', () => {
    const reserved = volume('one', { storageClassName: 'lazy', claimRef: { namespace: 'default', name: 'data' } });
    expect(plan({ claim: lazyClaim(), volumes: [reserved] }).volume).toBe('one');
  });
  test("takes a volume that the consumer's node can reach, even if another is smaller", () => {
    const volumes = [
      volume('far', { storageClassName: 'lazy', ...onNode('b') }),
      volume('near', { storageClassName: 'lazy', capacity: { storage: '9Gi' }, ...onNode('a') }),
    ];
    const result = plan({ claim: lazyClaim(), volumes, consumer: node('a') });
    expect(result.volume).toBe('near');
    expect(result.looked).toMatchObject([{ volume: 'far', reason: 'NodeAffinity' }]);
  });
  test('does not take a free one in place of one that is reserved for the claim on another node', () => {
    const volumes = [
      volume('reserved', {
        storageClassName: 'lazy',
        claimRef: { namespace: 'default', name: 'data' },
        ...onNode('b'),
      }),
      volume('free', { storageClassName: 'lazy', ...onNode('a') }),
    ];
    expect(plan({ claim: lazyClaim(), volumes, consumer: node('a') }).volume).toBeUndefined();
  });
  test('with a consumer and no volume, marks node and provisioner in one write', () => {
    const { steps } = plan({ claim: lazyClaim(), consumer: node('a') });
    expect(steps).toMatchObject([
      {
        do: 'change-claim',
        annotations: { [selectedNodeAnnotation]: 'a', [storageProvisionerAnnotation]: 'csi.moorage.dev' },
      },
    ]);
  });
  test('keeps the node that was chosen, whatever consumers come and go', () => {
    const marks = { [selectedNodeAnnotation]: 'a', [storageProvisionerAnnotation]: 'csi.moorage.dev' };
    expect(plan({ claim: lazyClaim(marks) })).toMatchObject({ outcome: 'provision', steps: [] });
    expect(plan({ claim: lazyClaim(marks), consumer: node('b') })).toMatchObject({ outcome: 'provision', steps: [] });
  });
  test('refuses a node that its allowedTopologies leave out', () => {
    const matchLabelExpressions = [{ key: 'kubernetes.io/hostname', values: ['b'] }];
    const classes = [{ ...lazy, allowedTopologies: [{ matchLabelExpressions }] }];
    expect(plan({ claim: lazyClaim(), classes, consumer: node('a') })).toMatchObject({ outcome: 'refused' });
    expect(plan({ claim: lazyClaim(), classes, consumer: node('b') })).toMatchObject({ outcome: 'provision' });
  });
});

describe('a bound claim is lost', () => {
  const bound = (spec: Partial<ClaimSpec> = { volumeName: 'one' }): PersistentVolumeClaim => ({
    ...claim(spec, { [bindCompletedAnnotation]: 'yes' }),
    status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '5Gi' } },
  });
  test.each([
    [
      'when it no longer names a volume',
      bound({}),
      [],
      'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!',
    ],
    ['when its volume is gone', bound(), [], 'Bound claim has lost its PersistentVolume. Data on the volume is lost!'],
    [
      'when its volume belongs to another',
      bound(),
      [volume('one', { claimRef: { namespace: 'default', name: 'other', uid: 'u' } })],
      'Two claims are bound to the same volume, this one is bound incorrectly',
    ],
  ])('%s', (_, given, volumes, message) => {
    const result = plan({ claim: given, volumes });
    expect(result).toMatchObject({ outcome: 'lost', message });
    expect(only(result.steps, 'set-claim-status')[0]?.status).toEqual({ phase: 'Lost' });
    expect(only(result.steps, 'tell')).toHaveLength(1);
    const known: PersistentVolumeClaim = { ...given, status: { phase: 'Lost' } };
    expect(plan({ claim: known, volumes }).steps).toEqual([]);
  });
  test('but found again when the volume comes back unbound', () => {
    const result = plan({ claim: { ...bound(), status: { phase: 'Lost' } }, volumes: [volume('one')] });
    expect(result.steps.map((step) => step.do)).toEqual(['change-volume', 'set-claim-status']);
  });
});
