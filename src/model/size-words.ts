const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Bytes for people: "3.2Gi", never more than is there. */
export function sizeWords(bytes: bigint): string {
  let unit = 0;
  let value = Number(bytes);
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Math.floor(value * 10) / 10}${units[unit]}`;
}
