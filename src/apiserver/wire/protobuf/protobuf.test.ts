import { readFileSync } from 'node:fs';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { apiVersionOf, type Kind } from '../../../model/kind.ts';
import { allKinds } from '../../../model/kinds/index.ts';
import { reviews } from '../../access/reviews.ts';
import { tokenRequestKind } from '../../discovery/discovery.ts';
import { decodeEnvelope, encodeEnvelope, encodeEvent, encodeList } from './envelope.ts';
import { speaksProtobuf } from './media-type.ts';
import { messageNameOf } from './message-names.ts';
import { planOf } from './message-plan.ts';

interface Vector {
  readonly json: Record<string, unknown>;
  readonly protobuf: string;
}

/** Made of Kubernetes' own types at random: `go run ./vectors` in test/go-client. */
const vectors = readFileSync(new URL('vectors.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

const served = [...allKinds.filter(({ writable }) => writable), ...reviews, tokenRequestKind].filter(speaksProtobuf);

function named({ json }: Vector): Pick<Kind, 'group' | 'version' | 'kind'> {
  if (json['kind'] === 'DeleteOptions') return { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions' };
  const kind = served.find((one) => one.kind === json['kind'] && apiVersionOf(one) === json['apiVersion']);
  if (!kind) throw new Error(`${String(json['kind'])} is not served`);
  return kind;
}

/** Go writes null for what is not set and has no omitempty, and for no bytes in a Secret's data. */
function withoutNulls(value: unknown, at = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item));
  if (typeof value !== 'object' || value === null) return value ?? '';
  const kept = Object.entries(value).filter(([, child]) => child !== null || at === 'data');
  return Object.fromEntries(kept.map(([key, child]) => [key, withoutNulls(child, key)]));
}

test('every kind of Kubernetes that is served has its message, and an example', () => {
  expect(served.length).toBeGreaterThan(20);
  expect(served.filter((kind) => !planOf(messageNameOf(kind))).map(({ kind }) => kind)).toEqual([]);
  expect(vectors.map(({ json }) => json['kind'])).toEqual(
    expect.arrayContaining(served.map(({ kind }) => kind as unknown)),
  );
});

test.each(vectors.map((vector) => [String(vector.json['kind']), vector] as const))(
  '%s reads as the JSON that Kubernetes makes of it, and back',
  (_kind, vector) => {
    const kind = named(vector);
    const json = withoutNulls(vector.json);
    expect(decodeEnvelope(Buffer.from(vector.protobuf, 'base64'), kind)).toEqual(json);
    expect(decodeEnvelope(encodeEnvelope(json, kind, String(vector.json['apiVersion'])), kind)).toEqual(json);
  },
);

const configMap = { group: '', version: 'v1', kind: 'ConfigMap' };
const claim = { group: '', version: 'v1', kind: 'PersistentVolumeClaim' };

/** A body with any bytes as its object. */
function bodyOf(content: Uint8Array): Uint8Array {
  return Buffer.concat([
    Buffer.from('k8s\0'),
    new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(content).finish(),
  ]);
}

test('an empty text is kept where Kubernetes tells it from none, and only there', () => {
  const spec = new BinaryWriter().tag(3, 2).string('').tag(5, 2).string('').finish();
  expect(decodeEnvelope(bodyOf(new BinaryWriter().tag(2, 2).bytes(spec).finish()), claim)).toEqual({
    spec: { storageClassName: '' },
  });
});

test('times: to the second, to the microsecond, none, and none that could be', () => {
  const lease = { group: 'coordination.k8s.io', version: 'v1', kind: 'Lease' };
  const spec = { acquireTime: '2026-01-02T03:04:05.678901Z', renewTime: '1969-12-31T23:59:59.500000Z' };
  const metadata = { name: 'a', creationTimestamp: '2026-01-02T03:04:05Z' };
  expect(decodeEnvelope(encodeEnvelope({ metadata, spec }, lease), lease)).toMatchObject({ metadata, spec });
  const zoned = { spec: { renewTime: '2026-01-02T05:04:05.5+02:00' } };
  expect(decodeEnvelope(encodeEnvelope(zoned, lease), lease)['spec']).toEqual({
    renewTime: '2026-01-02T03:04:05.500000Z',
  });
  const withTime = (time: Uint8Array) =>
    bodyOf(new BinaryWriter().tag(1, 2).bytes(new BinaryWriter().tag(8, 2).bytes(time).finish()).finish());
  expect(decodeEnvelope(withTime(new Uint8Array()), lease)).toEqual({ metadata: {} });
  for (const seconds of ['9223372036854775807', '-62135596801', '253402300800']) {
    const time = new BinaryWriter().tag(1, 0).int64(seconds).finish();
    expect(() => decodeEnvelope(withTime(time), lease)).toThrow(/is no time/);
  }
});

test('what is of another type than its field is left out, and never fails', () => {
  const wrong = {
    metadata: { name: 5, labels: ['a'], generation: 1.5, creationTimestamp: 'soon' },
    data: { a: 1, b: 'c' },
  };
  expect(decodeEnvelope(encodeEnvelope(wrong, configMap), configMap)).toMatchObject({
    metadata: {},
    data: { a: '', b: 'c' },
  });
});

test('names of the prototype are names like others', () => {
  const data = JSON.parse('{"__proto__":"a","constructor":"b","toString":"c"}') as unknown;
  const read = decodeEnvelope(encodeEnvelope({ data }, configMap), configMap);
  expect(JSON.stringify(read['data'])).toBe('{"__proto__":"a","constructor":"b","toString":"c"}');
});

test('what is no message of ours is an error', () => {
  const group = new Uint8Array(100_000).fill(0x0b);
  const wrongWire = new BinaryWriter().tag(1, 0).uint32(1).finish();
  const cut = new BinaryWriter().tag(1, 2).uint32(100).finish();
  const overlong = new BinaryWriter()
    .tag(1, 2)
    .bytes(new BinaryWriter().tag(1, 2).uint32(9).finish())
    .raw(new Uint8Array(9))
    .finish();
  const raw = new BinaryWriter().tag(1, 2).string('{').finish();
  const fields = new BinaryWriter().tag(7, 2).bytes(raw).finish();
  const managed = new BinaryWriter().tag(1, 2).bytes(new BinaryWriter().tag(17, 2).bytes(fields).finish()).finish();
  for (const content of [group, wrongWire, cut, overlong, managed]) {
    expect(() => decodeEnvelope(bodyOf(content), configMap)).toThrow();
  }
  for (const body of [new Uint8Array(), Buffer.from('{}'), Buffer.from('k8s\0\xff\xff\xff\xff', 'latin1')]) {
    expect(() => decodeEnvelope(body, configMap)).toThrow();
  }
});

test('a map and a list of some hundred thousand entries are read entry by entry', () => {
  const writer = new BinaryWriter();
  const count = 300_000;
  for (let index = 0; index < count; index += 1) {
    writer.tag(2, 2).fork().tag(1, 2).string(index.toString(36)).join();
  }
  const meta = new BinaryWriter();
  for (let index = 0; index < count; index += 1) meta.tag(14, 2).string('');
  writer.tag(1, 2).bytes(meta.finish());
  const { data, metadata } = decodeEnvelope(bodyOf(writer.finish()), configMap);
  expect(Object.keys(data as object)).toHaveLength(count);
  expect((metadata as { finalizers: string[] }).finalizers).toHaveLength(count);
});

test('lists and events as client-go reads them', () => {
  const items = [{ metadata: { name: 'a' }, data: { a: 'b' } }];
  const list = Buffer.from(encodeList({ resourceVersion: '7', remainingItemCount: 0 }, items, configMap));
  expect(list.subarray(0, 4).toString()).toBe('k8s\0');
  expect(list.includes('ConfigMapList')).toBe(true);
  const object = encodeEnvelope(items[0], configMap);
  const frame = Buffer.from(encodeEvent('ADDED', object));
  expect(frame.readUInt32BE()).toBe(frame.length - 4);
  expect(frame.includes('ADDED')).toBe(true);
  expect(frame.includes(Buffer.from(object))).toBe(true);
});

test('a pod, which is only listed, has its metadata', () => {
  const pod = { group: '', version: 'v1', kind: 'Pod' };
  const bookmark = { metadata: { resourceVersion: '7' } };
  expect(decodeEnvelope(encodeEnvelope(bookmark, pod), pod)).toEqual({ apiVersion: 'v1', kind: 'Pod', ...bookmark });
});
