import { beginning } from '../../lib/text.ts';

/** So many fields that are not known, or are there twice, are told of one request. */
export const mostProblems = 100;

const longestKey = 200;

/** The path of a field below another; of a long key there is its beginning. */
export function pathBelow(path: string, key: string): string {
  const name = beginning(key, longestKey);
  return path === '' ? name : `${path}.${name}`;
}
