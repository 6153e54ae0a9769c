/** What one look at the machine found: all is well, something is missing that one can do without, or something is in the way. */
export interface Finding {
  readonly state: 'good' | 'limited' | 'bad';
  readonly what: string;
  readonly message: string;
  /** What to do about it. */
  readonly next?: string | undefined;
}

/** One look at the machine; it changes nothing that stays. */
export type Check = (directory: string) => Promise<Finding | readonly Finding[]>;

export function good(what: string, message: string): Finding {
  return { state: 'good', what, message };
}

export function limited(what: string, message: string, next?: string): Finding {
  return { state: 'limited', what, message, next };
}

export function bad(what: string, message: string, next?: string): Finding {
  return { state: 'bad', what, message, next };
}
