import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A Time or MicroTime as RFC 3339; undefined for the empty message, which stands for: not set. Throws outside of the years 1 to 9999. */
export function readTime(bytes: Uint8Array, micro: boolean): string | undefined {
  if (bytes.length === 0) return undefined;
  const { 1: seconds = 0, 2: nanos = 0 } = numbersIn(bytes);
  if (seconds === zeroTime) return undefined;
  if (seconds < zeroTime || seconds > lastSecond || nanos < 0 || nanos > 999_999_999) {
    throw new Error(`${seconds} s, ${nanos} ns is no time`);
  }
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return micro ? `${text}.${String(Math.trunc(nanos / 1000)).padStart(6, '0')}Z` : `${text}Z`;
}

/** Seconds of the first and of the last time that RFC 3339 can say. The first is what Go has for: not set. */
const zeroTime = -62_135_596_800;
const lastSecond = 253_402_300_799;

/** A Quantity as its text. */
export function readQuantity(bytes: Uint8Array): string {
  return textsIn(bytes)[1] || '0';
}

/** An IntOrString as the one that it is. */
export function readIntOrString(bytes: Uint8Array): number | string {
  const { 1: type = 0, 2: number = 0 } = numbersIn(bytes);
  return type === 1 ? (textsIn(bytes)[3] ?? '') : number;
}

/** JSON that is kept as bytes. */
export function readRaw(bytes: Uint8Array): unknown {
  const text = textsIn(bytes)[1] ?? '';
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

function numbersIn(bytes: Uint8Array): Record<number, number> {
  const found: Record<number, number> = {};
  each(bytes, WireType.Varint, (reader, number) => {
    found[number] = Number(reader.int64());
  });
  return found;
}

function textsIn(bytes: Uint8Array): Record<number, string> {
  const found: Record<number, string> = {};
  each(bytes, WireType.LengthDelimited, (reader, number) => {
    found[number] = reader.string();
  });
  return found;
}

function each(bytes: Uint8Array, wanted: WireType, read: (reader: BinaryReader, number: number) => void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (wire === WireType.StartGroup || wire === WireType.EndGroup) throw new Error('groups are not read');
    if (wire === wanted && number < 4) read(reader, number);
    else reader.skip(wire, number);
  }
}
