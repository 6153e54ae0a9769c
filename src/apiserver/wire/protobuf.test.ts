import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { expect, test } from 'vitest';
import { StatusError } from '../../api/status.ts';
import { decodeProtobuf, readsProtobuf } from './protobuf.ts';

type Write = (writer: BinaryWriter) => BinaryWriter;
const message =
  (number: number, write: Write): Write =>
  (writer) =>
    write(writer.tag(number, 2).fork()).join();
const text =
  (number: number, value: string): Write =>
  (writer) =>
    writer.tag(number, 2).string(value);
const all =
  (...writes: Write[]): Write =>
  (writer) =>
    writes.reduce((at, write) => write(at), writer);

function body(kind: string, content: Write): Uint8Array {
  const raw = content(new BinaryWriter()).finish();
  const outer = message(
    1,
    all(text(1, 'v1'), text(2, kind)),
  )(new BinaryWriter())
    .tag(2, 2)
    .bytes(raw)
    .tag(3, 2)
    .string('')
    .finish();
  return Buffer.concat([Buffer.from('k8s\0'), outer]);
}

test('a secret as kubectl sends it: labels, binary data, a time that is not set, a field that is not known', () => {
  const unset = message(8, (writer) => writer);
  const meta = message(
    1,
    all(
      text(1, 'key'),
      text(3, 'team'),
      unset,
      message(11, all(text(1, 'a'), text(2, 'b'))),
      message(11, all(text(1, 'c'), text(2, ''))),
      text(14, 'x/y'),
      text(99, 'new'),
    ),
  );
  const data = message(2, (writer) => writer.tag(1, 2).string('password').tag(2, 2).bytes(Buffer.from('swordfish')));
  expect(
    decodeProtobuf(
      body(
        'Secret',
        all(meta, data, text(3, 'Opaque'), (writer) => writer.tag(5, 0).bool(true)),
      ),
      { group: '', kind: 'Secret' },
    ),
  ).toEqual({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'key', namespace: 'team', labels: { a: 'b', c: '' }, finalizers: ['x/y'] },
    data: { password: Buffer.from('swordfish').toString('base64') },
    type: 'Opaque',
    immutable: true,
  });
});

test('quantities, lists and times', () => {
  const hard = message(1, all(text(1, 'requests.storage'), message(2, text(1, '10Gi'))));
  const created = message(8, (writer) => writer.tag(1, 0).int64(1_700_000_000));
  expect(
    decodeProtobuf(
      body(
        'ResourceQuota',
        all(message(1, all(text(1, 'q'), created)), message(2, all(hard, text(2, 'A'), text(2, 'B')))),
      ),
      { group: '', kind: 'ResourceQuota' },
    ),
  ).toMatchObject({
    metadata: { name: 'q', creationTimestamp: '2023-11-14T22:13:20Z' },
    spec: { hard: { 'requests.storage': '10Gi' }, scopes: ['A', 'B'] },
  });
});

test('what is no message of ours is a bad request', () => {
  for (const bytes of [Buffer.from('{}'), Buffer.from('k8s\0\xff\xff\xff\xff'), Buffer.alloc(0)]) {
    expect(() => decodeProtobuf(bytes, { group: '', kind: 'Secret' })).toThrow(StatusError);
  }
  expect(readsProtobuf({ group: 'moorage.dev', kind: 'Pool' })).toBe(false);
});
