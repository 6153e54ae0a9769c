import type { View } from './user.ts';

/** One thing that a user sees on one side only, or otherwise on the other. */
export interface Difference {
  readonly scenario: string;
  /** What the user did or looked at. */
  readonly step: string;
  /** The field, or for texts the text itself. */
  readonly field: string;
  readonly embedded: string | undefined;
  readonly cluster: string | undefined;
}

/** All that differs between what two users saw. */
export function differences(scenario: string, embedded: View, cluster: View): Difference[] {
  const steps = new Set([...embedded.keys(), ...cluster.keys()]);
  return [...steps].flatMap((step) => {
    const one = fields(embedded.get(step));
    const other = fields(cluster.get(step));
    return [...new Set([...one.keys(), ...other.keys()])]
      .filter((field) => one.get(field) !== other.get(field))
      .map((field) => ({ scenario, step, field, embedded: one.get(field), cluster: other.get(field) }));
  });
}

/** Lines by their field. The field of an event is its reason; of several with one reason, each has a number. */
function fields(lines: readonly string[] | undefined): Map<string, string> {
  const found = new Map<string, string>();
  if (lines === undefined) return found.set('not done', '');
  for (const line of lines) {
    const end = line.indexOf(': ');
    const [field, value] = end < 0 ? [line, ''] : [line.slice(0, end), line.slice(end + 2)];
    let unique = field;
    for (let count = 2; found.has(unique); count += 1) unique = `${field} (${count})`;
    found.set(unique, value);
  }
  return found;
}
