/**
 * Where the parts report how long their steps took and how they ended. The names are those of the metrics page:
 * `csi` {driver, method, code}, `step` {step, code} for a claim's way (provision, bind, attach, stage, format,
 * publish, unpublish, expand, snapshot), `reconcile` {controller, code}.
 */
export interface Meter {
  observe(series: 'csi' | 'step' | 'reconcile', labels: Readonly<Record<string, string>>, seconds: number): void;
}

/** A meter that forgets. */
export const noMeter: Meter = { observe: () => {} };
