import { attachment } from './attachment.ts';
import { deletion } from './deletion.ts';
import { durability } from './durability.ts';
import { formatting } from './formatting.ts';
import { inventory } from './inventory.ts';
import type { Mutation } from './mutation.ts';
import { preconditions } from './preconditions.ts';
import { promises } from './promises.ts';
import { provisioning } from './provisioning.ts';

/** Every guard that has a test of its own. */
export const mutations: readonly Mutation[] = [
  ...inventory,
  ...deletion,
  ...attachment,
  ...formatting,
  ...durability,
  ...preconditions,
  ...provisioning,
  ...promises,
];
