/**
 * What names, label keys and label values may look like, and what Kubernetes says when they don't
 * (k8s.io/apimachinery/pkg/util/validation). Each function returns what is wrong; an empty list means nothing.
 */

const qualified = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const subdomain = `${label}(\\.${label})*`;
const key = '[-._a-zA-Z0-9]+';

const rules = {
  label: rule(
    label,
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    ['my-name', '123-abc'],
  ),
  subdomain: rule(
    subdomain,
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    ['example.com'],
  ),
  qualified: rule(
    qualified,
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ['MyName', 'my.name', '123-abc'],
  ),
  labelValue: rule(
    `(${qualified})?`,
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    ['MyValue', 'my_value', '12345'],
  ),
  key: rule(key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", [
    'key.name',
    'KEY_NAME',
    'key-name',
  ]),
};

function rule(pattern: string, words: string, examples: readonly string[]) {
  const samples = examples.map((example) => `'${example}'`).join(',  or ');
  return {
    matches: new RegExp(`^${pattern}$`),
    message: `${words} (e.g. ${samples}, regex used for validation is '${pattern}')`,
  };
}

/** What is longer than any name may be is not looked at letter by letter. */
const readable = 4_096;

function check(text: string, { matches, message }: ReturnType<typeof rule>, longest: number): string[] {
  const errors = text.length > longest ? [`must be no more than ${longest} characters`] : [];
  return text.length > readable || matches.test(text) ? errors : [...errors, message];
}

/** A name of one part, as namespaces have it: 63 characters, no dots. */
export function labelNameErrors(text: string): string[] {
  if (text.length <= readable && text.includes('.') && rules.subdomain.matches.test(text))
    return ['must not contain dots'];
  return check(text, rules.label, 63);
}

/** A name of parts with dots between them, as most objects have it: 253 characters. */
export function subdomainErrors(text: string): string[] {
  return check(text, rules.subdomain, 253);
}

/** A name that can stand in a URL, as roles and their bindings have it. */
export function pathSegmentErrors(text: string): string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`];
  return ['/', '%'].filter((sign) => text.includes(sign)).map((sign) => `may not contain '${sign}'`);
}

/** A label key, an annotation key in lower case, a finalizer: `name` or `example.com/name`. */
export function qualifiedNameErrors(text: string): string[] {
  const parts = text.split('/');
  if (parts.length > 2) {
    const { message } = rules.qualified;
    return [`a qualified name ${message} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`];
  }
  const [name = '', prefix] = parts.reverse();
  const errors: string[] = [];
  if (prefix === '') errors.push('prefix part must be non-empty');
  else if (prefix !== undefined) errors.push(...subdomainErrors(prefix).map((error) => `prefix part ${error}`));
  if (name === '') errors.push('name part must be non-empty');
  else if (name.length > 63) errors.push('name part must be no more than 63 characters');
  return name.length > readable || rules.qualified.matches.test(name)
    ? errors
    : [...errors, `name part ${rules.qualified.message}`];
}

/** The value of a label. */
export function labelValueErrors(text: string): string[] {
  return check(text, rules.labelValue, 63);
}

/** A key in the data of a Secret or ConfigMap. */
export function dataKeyErrors(text: string): string[] {
  if (text === '.' || text === '..') return [`must not be '${text}'`];
  if (text.startsWith('..')) return ["must not start with '..'"];
  return check(text, rules.key, 253);
}
