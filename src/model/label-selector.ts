import { fail } from '../lib/errors.ts';
import { own } from '../lib/own.ts';
import { beginning } from '../lib/text.ts';

type Labels = Readonly<Record<string, string>> | undefined;

/** What a selector of a request may have: each of its terms is tried on each object. */
export const selectorLimits = { characters: 16_384, terms: 200 } as const;

const key = String.raw`[A-Za-z0-9][-\w./]*`;
// No two parts that may be nothing but spaces stand next to each other: the cost would be the square of their number.
const setTerm = new RegExp(String.raw`^(${key})\s+(in|notin)\s*\(([^()]*)\)\s*(?:,|$)`);
const plainTerm = new RegExp(String.raw`^(?:(!)\s*)?(${key})\s*(?:(==|=|!=)\s*(?:([-\w.]+)\s*)?)?(?:,|$)`);

/**
 * A test for labels from kubectl's text: `app=db,tier in (a,b),!legacy`. Throws `invalid`.
 * https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
 */
export function parseLabelSelector(text: string): (labels: Labels) => boolean {
  const tests: ((labels: NonNullable<Labels>) => boolean)[] = [];
  let rest = boundedSelector(text).trim();
  while (rest !== '') {
    if (tests.length === selectorLimits.terms) tooManyTerms(text);
    const set = setTerm.exec(rest);
    const plain = set ? null : plainTerm.exec(rest);
    const match = set ?? plain ?? unreadable(text, rest);
    if (set) tests.push(setTest(set[1] ?? '', set[2] ?? '', set[3] ?? ''));
    else tests.push(plainTest(plain?.[2] ?? '', plain?.[1] ? '!' : plain?.[3], plain?.[4] ?? '', text));
    rest = rest.slice(match[0].length).trim();
    if (rest === '' && match[0].trimEnd().endsWith(',')) unreadable(text, ',');
  }
  return (labels = {}) => tests.every((test) => test(labels));
}

function unreadable(text: string, where: string): never {
  const [whole, from] = [beginning(text, 1_000), beginning(where, 100)];
  return fail('invalid', `unable to parse label selector "${whole}": cannot read it from "${from}" on`);
}

/** The text of a selector, if it is not too long. Throws `invalid`. */
export function boundedSelector(text: string): string {
  const { characters } = selectorLimits;
  if (text.length <= characters) return text;
  return fail('invalid', `invalid selector: it has ${text.length} characters, and ${characters} are the most`);
}

/** Refuses a selector that has too many terms. */
export function tooManyTerms(text: string): never {
  const { terms } = selectorLimits;
  return fail('invalid', `invalid selector: it has more than ${terms} terms: '${beginning(text, 100)}'`);
}

function setTest(name: string, operator: string, list: string) {
  const values = new Set(list.split(',').map((value) => value.trim()));
  const wanted = operator === 'in';
  return (labels: NonNullable<Labels>) => {
    const value = own(labels, name);
    return value === undefined ? !wanted : values.has(value) === wanted;
  };
}

function plainTest(name: string, operator: string | undefined, value: string, text: string) {
  switch (operator) {
    case undefined:
      return (labels: NonNullable<Labels>) => own(labels, name) !== undefined;
    case '!':
      return (labels: NonNullable<Labels>) => own(labels, name) === undefined;
    case '=':
    case '==':
      return (labels: NonNullable<Labels>) => own(labels, name) === value;
    case '!=':
      return (labels: NonNullable<Labels>) => own(labels, name) !== value;
    default:
      return unreadable(text, operator);
  }
}
