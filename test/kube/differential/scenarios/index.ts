import { binding } from './binding.ts';
import { changes } from './changes.ts';
import { claims } from './claims.ts';
import { defaultClass } from './default-class.ts';
import { deletion } from './deletion.ts';
import { growth } from './growth.ts';
import { invalid } from './invalid.ts';
import type { Scenario } from './scenario.ts';
import { snapshots } from './snapshots.ts';

/** All that is compared. */
export const scenarios: readonly Scenario[] = [
  ...claims,
  ...binding,
  ...growth,
  ...snapshots,
  ...deletion,
  ...invalid,
  ...changes,
  ...defaultClass,
];
