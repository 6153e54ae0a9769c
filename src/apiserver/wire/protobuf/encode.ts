import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Form, MessagePlan, PlannedField } from './message-plan.ts';
import { isWhole, writeIntOrString, writeNumber, writeQuantity, writeRaw, writeTime } from './special-encode.ts';

/** Writes what JSON says as a message. What the message has no field for, and what is of another type, is left out. */
export function encodeMessage(value: unknown, plan: MessagePlan): Uint8Array {
  const writer = new BinaryWriter();
  writeMessage(writer, value, plan);
  return writer.finish();
}

/** Writes the fields of a message. */
export function writeMessage(writer: BinaryWriter, value: unknown, plan: MessagePlan): void {
  if (!isFields(value)) return;
  for (const field of plan.fields) {
    if (field.inline && field.form.as === 'object') {
      writer.tag(field.number, WireType.LengthDelimited).fork();
      writeMessage(writer, value, field.form.plan);
      writer.join();
    } else if (Object.hasOwn(value, field.name)) {
      writeField(writer, value[field.name], field);
    }
  }
}

function writeField(writer: BinaryWriter, value: unknown, { number, form, many }: PlannedField): void {
  if (many === 'one') {
    writeValue(writer, number, value, form);
  } else if (many === 'list') {
    if (Array.isArray(value)) for (const item of value) writeValue(writer, number, item, form);
  } else if (isFields(value)) {
    for (const key of Object.keys(value)) {
      writer.tag(number, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.LengthDelimited).string(key);
      writeValue(writer, 2, value[key], form);
      writer.join();
    }
  }
}

function writeValue(writer: BinaryWriter, number: number, value: unknown, form: Form): void {
  if (value === undefined || value === null) return;
  switch (form.as) {
    case 'text':
      if (typeof value === 'string') writer.tag(number, WireType.LengthDelimited).string(value);
      return;
    case 'boolean':
      if (typeof value === 'boolean') writer.tag(number, WireType.Varint).bool(value);
      return;
    case 'number':
      if (isWhole(value)) writeNumber(writer.tag(number, WireType.Varint), value);
      return;
    case 'base64':
      if (typeof value === 'string') writer.tag(number, WireType.LengthDelimited).bytes(Buffer.from(value, 'base64'));
      return;
    default:
      writer.tag(number, WireType.LengthDelimited).fork();
      writeContent(writer, value, form);
      writer.join();
  }
}

type Content = Exclude<Form, { readonly as: 'text' | 'boolean' | 'number' | 'base64' }>;

function writeContent(writer: BinaryWriter, value: unknown, form: Content): void {
  switch (form.as) {
    case 'object':
      writeMessage(writer, value, form.plan);
      break;
    case 'list':
      writeMessage(writer, { items: value }, form.plan);
      break;
    case 'time':
      writeTime(writer, value, false);
      break;
    case 'microTime':
      writeTime(writer, value, true);
      break;
    case 'quantity':
      writeQuantity(writer, value);
      break;
    case 'intOrString':
      writeIntOrString(writer, value);
      break;
    case 'raw':
      writeRaw(writer, value);
      break;
  }
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
