import { type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** True for what an int64 can hold. */
export function isWhole(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63;
}

/** Writes a whole number behind its tag. */
export function writeNumber(writer: BinaryWriter, value: number): void {
  if (value >= 0 && value <= 0x7fff_ffff) writer.uint32(value);
  else writer.int64(value);
}

/** Writes RFC 3339 as a Time or a MicroTime; what is none as: not set. */
export function writeTime(writer: BinaryWriter, value: unknown, micro: boolean): void {
  const milliseconds = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (typeof value !== 'string' || Number.isNaN(milliseconds)) return;
  const micros = micro ? Number((/\.(\d{1,6})/.exec(value)?.[1] ?? '').padEnd(6, '0')) : 0;
  writeNumber(writer.tag(1, WireType.Varint), Math.floor(milliseconds / 1000));
  writeNumber(writer.tag(2, WireType.Varint), micros * 1000);
}

/** Writes a Quantity. */
export function writeQuantity(writer: BinaryWriter, value: unknown): void {
  if (typeof value === 'string' || typeof value === 'number')
    writer.tag(1, WireType.LengthDelimited).string(String(value));
}

/** Writes an IntOrString. */
export function writeIntOrString(writer: BinaryWriter, value: unknown): void {
  if (typeof value === 'string') {
    writer.tag(1, WireType.Varint).uint32(1);
    writer.tag(3, WireType.LengthDelimited).string(value);
  } else if (isWhole(value)) {
    writer.tag(1, WireType.Varint).uint32(0);
    writeNumber(writer.tag(2, WireType.Varint), value);
  }
}

/** Writes what is kept as JSON. */
export function writeRaw(writer: BinaryWriter, value: unknown): void {
  writer.tag(1, WireType.LengthDelimited).string(JSON.stringify(value));
}
