/** The places of those items of a list that stand in it before, too. */
export function repeated(list: readonly (string | number)[]): ReadonlySet<number> {
  const seen = new Set<string | number>();
  const places = new Set<number>();
  for (const [at, item] of list.entries()) {
    if (seen.has(item)) places.add(at);
    seen.add(item);
  }
  return places;
}

/** What is in the one list and not in the other. */
export function missingFrom(list: readonly string[] = [], items: readonly string[] = []): string[] {
  const present = new Set(list);
  return items.filter((item) => !present.has(item));
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();
const short = 16;

/** Whether a text is in a list that does not change, which may be long and asked often. */
export function isAmong(list: readonly string[], text: string): boolean {
  if (list.length <= short) return list.includes(text);
  let set = sets.get(list);
  if (!set) {
    set = new Set(list);
    sets.set(list, set);
  }
  return set.has(text);
}
