/** What the server alone decides, and what nobody can compare. */
const dropped = new Set(['uid', 'resourceVersion', 'managedFields', 'selfLink']);
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const nanoseconds = /\b1[6-9]\d{17}\b/g;
const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)/g;

/** The same words for what differs from run to run: ids, times, versions, and the mark in the names of one run. */
export function plain(text: string, mark: string): string {
  return text
    .replaceAll(uuid, 'UID')
    .replaceAll(time, 'TIME')
    .replaceAll(nanoseconds, 'TIME')
    .replaceAll(mark, 'RUN')
    .replaceAll(/(\\?"resourceVersion\\?":\\?")\d+/g, '$1VERSION');
}

/** A JSON value as lines `path: value`, without what can't be compared. */
export function lines(value: unknown, mark: string, path = ''): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return [`${path}: []`];
    // Who puts a finalizer first is chance.
    const items = path.endsWith('.finalizers') ? value.toSorted() : value;
    return items.flatMap((item, index) => lines(item, mark, `${path}[${index}]`));
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(([key, item]) => !dropped.has(key) && item !== undefined);
    if (entries.length === 0) return [`${path}: {}`];
    return entries
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([key, item]) => lines(item, mark, nested(path, key)));
  }
  return [`${path}: ${plain(String(value), mark)}`];
}

function nested(path: string, key: string): string {
  const name = /^[\w-]+$/.test(key) ? key : `[${key}]`;
  return path === '' ? name : `${path}.${name}`;
}
