import { readFileSync } from 'node:fs';
import { encodeEnvelope } from '../../src/apiserver/wire/protobuf/envelope.ts';
import { protobufType, speaksProtobuf } from '../../src/apiserver/wire/protobuf/media-type.ts';
import { apiVersionOf, type Kind } from '../../src/model/kind.ts';
import type { Random } from './random.ts';
import { key, oddJson, oddYaml, text, value } from './values.ts';

/** A body and its media type. */
export interface FuzzBody {
  readonly type: string;
  readonly bytes: Buffer;
}

interface Vector {
  readonly json: Readonly<Record<string, unknown>>;
  readonly protobuf: string;
}

const vectorsFile = new URL('../../src/apiserver/wire/protobuf/vectors.jsonl', import.meta.url);
const vectors = new Map(
  readFileSync(vectorsFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Vector)
    .map((vector) => [String(vector.json['kind']), vector]),
);

/** The body of an object that can be created, of some kinds at least. */
export function validBody(kind: Kind, name: string): FuzzBody {
  return json({ apiVersion: apiVersionOf(kind), kind: kind.kind, metadata: { name }, ...valid[kind.kind] });
}

/** The body of a creation or an update. */
export function objectBody(random: Random, kind: Kind, name: string): FuzzBody {
  return random.oneOf(
    () => json(objectOf(random, kind, name)),
    () => json(objectOf(random, kind, name)),
    () => json(objectOf(random, kind, name)),
    () => json(mutated(random, objectOf(random, kind, name))),
    () => json(mutated(random, objectOf(random, kind, name))),
    () => ({ type: 'application/json', bytes: broken(random, json(objectOf(random, kind, name)).bytes) }),
    () => ({ type: 'application/json', bytes: Buffer.from(oddJson(random)) }),
    () => ({ type: 'application/yaml', bytes: Buffer.from(oddYaml(random)) }),
    () => ({ type: 'application/yaml', bytes: json(objectOf(random, kind, name)).bytes }),
    () => protobuf(random, kind, name),
    () => protobuf(random, kind, name),
    () => json(value(random)),
  );
}

const patchTypes = ['json-patch', 'merge-patch', 'strategic-merge-patch'] as const;

/** The body of a patch, of any type. */
export function patchBody(random: Random, kind: Kind, name: string): FuzzBody {
  const type = `application/${random.pick(patchTypes)}+json`;
  return random.oneOf(
    () => ({ type: 'application/json-patch+json', bytes: json(operations(random)).bytes }),
    () => ({ type: 'application/json-patch+json', bytes: json(operations(random)).bytes }),
    () => ({ type, bytes: json(mutated(random, objectOf(random, kind, name))).bytes }),
    () => ({ type, bytes: json(directives(random)).bytes }),
    () => ({ type, bytes: Buffer.from(oddJson(random)) }),
    () => ({ type: 'application/apply-patch+yaml', bytes: Buffer.from(oddYaml(random)) }),
    () => ({ type: 'application/apply-patch+cbor', bytes: random.bytes(50) }),
  );
}

/** The body of a deletion. */
export function deletionBody(random: Random): FuzzBody | undefined {
  const options = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    gracePeriodSeconds: random.pick([0, -1, 30, 1e300]),
    propagationPolicy: random.pick(['Background', 'Foreground', 'Orphan', 'None', '']),
    preconditions: random.pick<unknown>([undefined, { uid: 'a' }, { resourceVersion: '1' }, { uid: {} }, []]),
    dryRun: random.pick<unknown>([undefined, ['All'], ['None'], 'All', [[]]]),
  };
  return random.oneOf(
    () => undefined,
    () => json(options),
    () => json(mutated(random, options)),
    () => ({ type: 'application/json', bytes: Buffer.from(oddJson(random)) }),
    () => ({ type: protobufType, bytes: Buffer.concat([Buffer.from('k8s\0'), random.bytes(random.length(200))]) }),
  );
}

function json(it: unknown): FuzzBody {
  return { type: 'application/json', bytes: Buffer.from(JSON.stringify(it) ?? 'undefined') };
}

function objectOf(random: Random, kind: Kind, name: string): Record<string, unknown> {
  const metadata = {
    name,
    labels: { a: random.pick(['b', 'c']) },
    ...(random.onceIn(4) && { finalizers: ['moorage.dev/fuzz'] }),
  };
  const base = { apiVersion: apiVersionOf(kind), kind: kind.kind, metadata, ...valid[kind.kind] };
  return random.onceIn(3) ? { ...vectors.get(kind.kind)?.json, ...base } : base;
}

/** What objects of some kinds need to be valid. */
const valid: Readonly<Record<string, object>> = {
  ConfigMap: { data: { a: 'b' } },
  Secret: { data: { a: 'AAAA' } },
  StorageClass: { provisioner: 'moorage.dev' },
  PersistentVolumeClaim: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
  Role: { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
  Lease: { spec: { holderIdentity: 'a', leaseDurationSeconds: 15 } },
};

/** The same with something else at some places. */
function mutated(random: Random, object: Record<string, unknown>): Record<string, unknown> {
  const copy = structuredClone(object);
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    let at = copy;
    for (;;) {
      const below = Object.values(at).filter((it): it is Record<string, unknown> => typeof it === 'object' && !!it);
      const [first, ...others] = below;
      if (!first || random.onceIn(3)) break;
      at = random.pick([first, ...others]);
    }
    const known = Object.keys(at);
    const place = random.onceIn(2) ? (known[random.below(known.length)] ?? key(random)) : key(random);
    if (Array.isArray(at)) at[random.below(at.length + 1)] = value(random);
    else
      Object.defineProperty(at, place, { value: value(random), enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

/** A text with wrong bytes in it, cut short, or with something twice. */
function broken(random: Random, bytes: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  return random.oneOf(
    () => bytes.subarray(0, at),
    () => Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(8)), bytes.subarray(at)]),
    () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.below(bytes.length + 1))]),
    () => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
    () => Buffer.concat([bytes, bytes]),
  );
}

function protobuf(random: Random, kind: Kind, name: string): FuzzBody {
  const vector = vectors.get(kind.kind);
  const whole =
    vector && random.onceIn(2)
      ? Buffer.from(vector.protobuf, 'base64')
      : speaksProtobuf(kind)
        ? Buffer.from(encodeEnvelope({ metadata: { name } }, kind))
        : Buffer.from('k8s\0');
  const bytes = random.oneOf(
    () => whole,
    () => broken(random, whole),
    () => broken(random, broken(random, whole)),
    () => Buffer.concat([whole, Buffer.alloc(random.length(1_000_000), random.pick(['\x12\x02\x0a\x00', '\x0a\x00']))]),
    () => Buffer.concat([Buffer.from('k8s\0'), random.bytes(random.length(2_000))]),
  );
  return { type: protobufType, bytes };
}

function pointer(random: Random): string {
  return random.oneOf(
    () => random.pick(['', '/', '/metadata', '/metadata/finalizers/-', '/metadata/finalizers/0', '/data', '/spec']),
    () => `/${Array.from({ length: 1 + random.below(4) }, () => key(random).replaceAll('~', '~0')).join('/')}`,
    () => `/data/${key(random)}`,
    () => `/metadata/labels/${key(random)}`,
    () => text(random, 100_000),
    () => '/a'.repeat(random.length(100_000)),
    () => `/metadata/finalizers/${random.pick(['-1', '1e3', '00', '99999999999999999999', 'length', ' 0'])}`,
  );
}

function operations(random: Random): unknown {
  const op = () => random.pick(['add', 'remove', 'replace', 'move', 'copy', 'test', 'call', '']);
  const one = () => ({ op: op(), path: pointer(random), from: pointer(random), value: value(random, 2) });
  return random.oneOf<unknown>(
    () => Array.from({ length: random.length(50) }, one),
    () => Array.from({ length: random.length(20_000) }, () => ({ op: 'add', path: '/data/a', value: 'b' })),
    () => [
      { op: 'add', path: '/data', value: { a: { a: 'x' } } },
      ...Array.from({ length: random.length(100) }, () => ({ op: 'copy', from: '/data', path: '/data/b' })),
    ],
    () =>
      Array.from({ length: random.length(5_000) }, () => ({ op: 'add', path: '/metadata/finalizers/0', value: 'a/b' })),
    () => one(),
    () => value(random),
  );
}

function directives(random: Random): unknown {
  const elements = Array.from({ length: random.length(5_000) }, (_, at) => ({
    ...(random.onceIn(20) ? {} : { name: `n${at}`, uid: `u${at}`, type: `t${at}` }),
    ...(random.onceIn(3) && { $patch: random.pick(['delete', 'merge', 'replace', 'explode']) }),
  }));
  return {
    $patch: random.pick(['merge', 'replace', undefined]),
    $retainKeys: random.pick<unknown>([undefined, ['data'], 1]),
    metadata: {
      ownerReferences: elements,
      '$setElementOrder/ownerReferences': random.onceIn(2) ? elements.toReversed() : value(random),
      finalizers: elements.map(({ name = '' }) => name),
      '$deleteFromPrimitiveList/finalizers': random.onceIn(2) ? elements.map(({ name = '' }) => name) : value(random),
    },
    status: { conditions: elements, '$setElementOrder/conditions': elements },
  };
}
