import type { User } from '../user.ts';

/** What a user does, the same on both sides. */
export interface Scenario {
  readonly name: string;
  /** Others must not run meanwhile: it changes what is for all, such as the default class. */
  readonly alone?: boolean;
  readonly run: (user: User) => Promise<void>;
}
