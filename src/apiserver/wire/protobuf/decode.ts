import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import type { Form, MessagePlan, PlannedField } from './message-plan.ts';
import { readIntOrString, readQuantity, readRaw, readTime } from './special-decode.ts';

/** What a message holds, as JSON has it. */
export type Fields = Record<string, unknown>;

/**
 * Reads a message as the JSON that Kubernetes would write of the same object. What the message does not know is
 * skipped; of a field that is there twice the last counts, while lists and maps go on. Throws on what is no message.
 */
export function decodeMessage(bytes: Uint8Array, plan: MessagePlan): Fields {
  return readMessage(new BinaryReader(bytes), bytes.length, plan, {});
}

function readMessage(reader: BinaryReader, end: number, plan: MessagePlan, target: Fields): Fields {
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    const field = plan.byNumber[number];
    if (field) readField(reader, field, wire, target);
    else skip(reader, number, wire);
  }
  if (reader.pos !== end) throw new Error('a field ends behind its message');
  return target;
}

function readField(reader: BinaryReader, field: PlannedField, wire: WireType, target: Fields): void {
  const { name, form, many } = field;
  const isVarint = many !== 'map' && (form.as === 'boolean' || form.as === 'number');
  if (wire !== (isVarint ? WireType.Varint : WireType.LengthDelimited)) throw new Error(`${name} has a wrong type`);
  const before = Object.hasOwn(target, name) ? target[name] : undefined;
  if (many === 'map') {
    const map = isFields(before) ? before : {};
    target[name] = map;
    readEntry(reader, form, map);
  } else if (many === 'list') {
    const list: unknown[] = Array.isArray(before) ? before : [];
    target[name] = list;
    list.push(readValue(reader, form, undefined));
  } else if (field.inline && form.as === 'object') {
    readMessage(reader, endOf(reader), form.plan, target);
  } else {
    const value = readValue(reader, form, before);
    if (value !== undefined && (field.keepsZero || !isZero(value))) target[name] = value;
    else if (before !== undefined) delete target[name];
  }
}

function readValue(reader: BinaryReader, form: Form, before: unknown): unknown {
  switch (form.as) {
    case 'text':
      return reader.string();
    case 'boolean':
      return reader.bool();
    case 'number':
      return Number(reader.int64());
    case 'base64':
      return bufferOf(reader.bytes()).toString('base64');
    case 'object':
      return readMessage(reader, endOf(reader), form.plan, isFields(before) ? before : {});
    case 'list':
      return readMessage(reader, endOf(reader), form.plan, {})['items'] ?? [];
    case 'time':
      return readTime(reader.bytes(), false);
    case 'microTime':
      return readTime(reader.bytes(), true);
    case 'quantity':
      return readQuantity(reader.bytes());
    case 'intOrString':
      return readIntOrString(reader.bytes());
    case 'raw':
      return readRaw(reader.bytes());
  }
}

/** Into the map itself, entry by entry: to copy it each time would cost the square of its size. */
function readEntry(reader: BinaryReader, form: Form, map: Fields): void {
  const end = endOf(reader);
  let key = '';
  let value: unknown;
  while (reader.pos < end) {
    const [number, wire] = reader.tag();
    if (wire !== WireType.LengthDelimited) skip(reader, number, wire);
    else if (number === 1) key = reader.string();
    else if (number === 2) value = readValue(reader, form, undefined);
    else skip(reader, number, wire);
  }
  if (reader.pos !== end) throw new Error('an entry ends behind its map');
  value ??= form.as === 'object' ? {} : form.as === 'list' ? [] : '';
  // As JSON.parse does it: an assignment to this name would be one of the prototype.
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true });
  else map[key] = value;
}

function skip(reader: BinaryReader, number: number, wire: WireType): void {
  // Groups are of an age before Kubernetes, and could be nested without end.
  if (wire === WireType.StartGroup || wire === WireType.EndGroup) throw new Error('groups are not read');
  reader.skip(wire, number);
}

function endOf(reader: BinaryReader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new Error('it is cut short');
  return end;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isZero(value: unknown): boolean {
  return value === '' || value === false || value === 0;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
