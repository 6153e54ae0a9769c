import { fail } from '../lib/errors.ts';
import { isAmong } from '../lib/lists.ts';
import { own } from '../lib/own.ts';
import { beginning } from '../lib/text.ts';
import type { Kind } from '../model/kind.ts';
import type { KubeObject } from '../model/object.ts';

type Labels = Readonly<Record<string, string>> | undefined;

/** A label selector as objects hold it: all of its parts must match; an empty one matches everything. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?:
    | readonly { readonly key: string; readonly operator: string; readonly values?: readonly string[] | undefined }[]
    | undefined;
}

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
  let rest = bounded(text).trim();
  while (rest !== '') {
    if (tests.length === selectorLimits.terms) tooMany(text);
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

function bounded(text: string): string {
  const { characters } = selectorLimits;
  if (text.length <= characters) return text;
  return fail('invalid', `invalid selector: it has ${text.length} characters, and ${characters} are the most`);
}

function tooMany(text: string): never {
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

/** True if the labels meet a selector of an object, such as a claim's. Throws `invalid` for an unknown operator. */
export function matchesLabels(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  const plain = Object.entries(selector?.matchLabels ?? {});
  if (!plain.every(([name, value]) => own(labels, name) === value)) return false;
  return (selector?.matchExpressions ?? []).every(({ key: name, operator, values = [] }) => {
    const value = own(labels, name);
    switch (operator) {
      case 'In':
        return value !== undefined && isAmong(values, value);
      case 'NotIn':
        return value === undefined || !isAmong(values, value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
      default:
        return fail(
          'invalid',
          `"${beginning(operator, 100)}" is not a label selector operator: use In, NotIn, Exists or DoesNotExist`,
        );
    }
  });
}

/**
 * A test for objects from kubectl's text: `metadata.name=data,status.phase!=Bound`. Only metadata.name,
 * metadata.namespace and the kind's selectable fields can be named. Throws `invalid`.
 */
export function parseFieldSelector<T extends KubeObject>(kind: Kind<T>, text: string): (object: T) => boolean {
  const tests = splitTerms(text).map((term) => {
    const match =
      /^\s*([^=!\s]+)\s*(==|=|!=)(.*)$/s.exec(term) ??
      fail('invalid', `invalid selector: '${beginning(text, 1_000)}'; can't understand '${beginning(term, 100)}'`);
    const [, field = '', operator, value = ''] = match;
    const read = fieldReader(kind, field);
    const wanted = value.trim().replaceAll(/\\([\\,=])/g, '$1');
    return (object: T) => (read(object) === wanted) === (operator !== '!=');
  });
  return (object) => tests.every((test) => test(object));
}

/** Splits at commas that no backslash escapes. */
function splitTerms(text: string): string[] {
  const terms = bounded(text)
    .split(/(?<!\\),/)
    .filter((term) => term.trim() !== '');
  return terms.length > selectorLimits.terms ? tooMany(text) : terms;
}

function fieldReader<T extends KubeObject>(kind: Kind<T>, field: string): (object: T) => string {
  if (field === 'metadata.name') return (object) => object.metadata.name;
  if (field === 'metadata.namespace' && kind.namespaced) return (object) => object.metadata.namespace ?? '';
  const known = Object.hasOwn(kind.selectable, field) ? kind.selectable[field] : undefined;
  return known ?? fail('invalid', unknownField(kind, field));
}

/** As Kubernetes says it of kinds of its own that have no fields to name; of all others it says less. */
function unknownField<T extends KubeObject>({ mergeKeys, selectable }: Kind<T>, field: string): string {
  return mergeKeys !== undefined && Object.keys(selectable).length === 0
    ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
    : `field label not supported: ${field}`;
}

/** Both selectors of a list or a watch as one test; undefined if everything passes. */
export function selectorOf<T extends KubeObject>(
  kind: Kind<T>,
  options: { readonly labelSelector?: string | undefined; readonly fieldSelector?: string | undefined },
): ((object: T) => boolean) | undefined {
  const labels = options.labelSelector ? parseLabelSelector(options.labelSelector) : undefined;
  const fields = options.fieldSelector ? parseFieldSelector(kind, options.fieldSelector) : undefined;
  if (!labels && !fields) return undefined;
  return (object) => (!labels || labels(object.metadata.labels)) && (!fields || fields(object));
}
