import { bytesOf } from '../../model/quantity.ts';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Bytes for people, with three digits at most: 1.5 GiB. */
export function humanBytes(bytes: bigint): string {
  let value = Number(bytes);
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return `${Number(value.toFixed(digits))} ${units[unit]}`;
}

/** A quantity for people; `-` if there is none. */
export function humanQuantity(quantity: string | null | undefined): string {
  return quantity ? humanBytes(bytesOf(quantity)) : '-';
}

/** A time span for people: 12 ms, 3.4 s, 5 min, 3 h, 2 d. */
export function humanTime(ms: number): string {
  if (ms < 1_000) return `${Math.max(Math.round(ms), 0)} ms`;
  if (ms < 100_000) return `${Number((ms / 1_000).toFixed(1))} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

/** How long ago a Kubernetes time was; `-` if there is none. */
export function age(time: string | null | undefined, now = Date.now()): string {
  return time ? humanTime(Math.max(Math.floor((now - Date.parse(time)) / 1_000), 0) * 1_000) : '-';
}

/** "1 claim", "2 claims". */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
