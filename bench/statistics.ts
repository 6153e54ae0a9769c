/** The value below which so many per cent of the values lie (nearest rank). NaN of no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/**
 * Between these two the true median lies, with 95 % certainty, whatever the values are spread like (sign test). Fewer
 * than six values can not tell that: then these are the least and the greatest.
 */
export function medianInterval(values: readonly number[]): readonly [number, number] {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  let outside = 0;
  // The chance that so many values lie on one side of the median: binomial, term by term.
  let term = 0.5 ** n;
  for (let below = 0; below < n / 2; below++) {
    if (outside + term > 0.025)
      return [sorted[Math.max(0, below - 1)] ?? Number.NaN, sorted[n - Math.max(1, below)] ?? Number.NaN];
    outside += term;
    term *= (n - below) / (below + 1);
  }
  return [sorted[0] ?? Number.NaN, sorted[n - 1] ?? Number.NaN];
}
