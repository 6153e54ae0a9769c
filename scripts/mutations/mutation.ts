/** A change that takes a guard out of the source, and the test that must notice it. Data only. */
export interface Mutation {
  /** What the guard is for. */
  readonly guard: string;
  /** Below the project's root. */
  readonly file: string;
  /** What is taken out: it occurs in the file exactly once. */
  readonly text: string;
  /** What comes in its place; nothing unless said otherwise. */
  readonly instead?: string;
  /** The file of the test that must fail: the nearest one. */
  readonly test: string;
  /** Part of that test's name, which no other test in the file has. */
  readonly name: string;
  /** Why no test notices it, where none can. */
  readonly survives?: string;
}

/** The source without the guard. Throws unless its text occurs exactly once. */
export function mutated(source: string, { file, text, instead = '' }: Mutation): string {
  const [before, after, ...more] = source.split(text);
  if (before === undefined || after === undefined || text === '') {
    throw new Error(`${file} does not have the text of a mutation any more; bring it up to date:\n${text}`);
  }
  if (more.length > 0) throw new Error(`${file} has the text of a mutation ${more.length + 1} times:\n${text}`);
  return before + instead + after;
}
