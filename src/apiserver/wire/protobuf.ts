import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { refuse } from '../../api/status.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Kind } from '../../model/kind.ts';
import { type FieldType, type Message, messages } from './protobuf-messages.ts';

/** Kubernetes' binary form; https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources */
export const protobufType = 'application/vnd.kubernetes.protobuf';

const magic = Buffer.from('k8s\0');
const envelope: Message = {
  1: ['typeMeta', { 1: ['apiVersion', 'string'], 2: ['kind', 'string'] }],
  2: ['raw', 'bytes'],
};

/** True for the kinds whose binary form can be read: those that kubectl creates from its own types. */
export function readsProtobuf({ group, kind }: Pick<Kind, 'group' | 'kind'>): boolean {
  return messages[`${kind}.${group}`] !== undefined;
}

/** An object in Kubernetes' binary form as plain data. */
export function decodeProtobuf(body: Uint8Array, { group, kind }: Pick<Kind, 'group' | 'kind'>): unknown {
  try {
    if (!magic.equals(body.subarray(0, magic.length))) throw new Error('it does not begin with k8s');
    const { typeMeta, raw } = decode(new BinaryReader(body.subarray(magic.length)), envelope);
    const message = messages[`${kind}.${group}`] ?? {};
    const content = typeof raw === 'string' ? Buffer.from(raw, 'base64') : new Uint8Array();
    return { ...(typeMeta as object), ...decode(new BinaryReader(content), message) };
  } catch (error) {
    return refuse(400, 'BadRequest', `the body is not a ${kind} in protobuf: ${messageOf(error)}`);
  }
}

type Fields = Record<string, unknown>;

/** Empty texts and times are left out: in this form they can't be told from absent ones. */
function decode(reader: BinaryReader, message: Message): Fields {
  const result: Fields = {};
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    const field = message[number];
    if (!field) {
      reader.skip(wire, number);
      continue;
    }
    const [name, type, repeated] = field;
    if (typeof type === 'object' && 'map' in type) {
      result[name] = { ...(result[name] as Fields | undefined), ...entry(nested(reader), type.map) };
      continue;
    }
    const value = read(reader, type, wire);
    if (repeated) result[name] = [...((result[name] as unknown[] | undefined) ?? []), value];
    else if (value !== '' && value !== undefined) result[name] = value;
  }
  return result;
}

function entry(reader: BinaryReader, type: FieldType): Fields {
  const { key = '', value } = decode(reader, { 1: ['key', 'string'], 2: ['value', type] });
  return { [String(key)]: value ?? '' };
}

function nested(reader: BinaryReader): BinaryReader {
  return new BinaryReader(reader.bytes());
}

function read(reader: BinaryReader, type: FieldType, wire: WireType): unknown {
  switch (type) {
    case 'string':
      return reader.string();
    case 'bytes':
      return Buffer.from(reader.bytes()).toString('base64');
    case 'bool':
      return reader.bool();
    case 'int':
      return Number(reader.int64());
    case 'time':
      return timeOf(nested(reader));
    case 'quantity':
      return decode(nested(reader), { 1: ['text', 'string'] })['text'];
    default:
      if (wire !== WireType.LengthDelimited) throw new Error('a message is expected');
      return 'map' in type ? {} : decode(nested(reader), type);
  }
}

function timeOf(reader: BinaryReader): string | undefined {
  const { seconds = 0 } = decode(reader, { 1: ['seconds', 'int'] });
  // Go's zero time stands for: not set.
  return Number(seconds) > 0 ? `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}Z` : undefined;
}
