/**
 * What a record itself has under a key: labels, data and parameters have keys that somebody else chose, and one that is
 * called `toString` or `constructor` must not find what every object inherits.
 */
export function own<T>(record: Readonly<Record<string, T>> | null | undefined, key: string): T | undefined {
  return record && Object.hasOwn(record, key) ? record[key] : undefined;
}
