import type { Mutation } from './mutation.ts';
import { promises } from './promises.ts';

/** Every guard that has a test of its own. */
export const mutations: readonly Mutation[] = [...promises];
