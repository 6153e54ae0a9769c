import { fail } from '../lib/errors.ts';
import { beginning } from '../lib/text.ts';
import type { Kind } from '../model/kind.ts';
import { boundedSelector, parseLabelSelector, selectorLimits, tooManyTerms } from '../model/label-selector.ts';
import type { KubeObject } from '../model/object.ts';

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
  const terms = boundedSelector(text)
    .split(/(?<!\\),/)
    .filter((term) => term.trim() !== '');
  return terms.length > selectorLimits.terms ? tooManyTerms(text) : terms;
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
