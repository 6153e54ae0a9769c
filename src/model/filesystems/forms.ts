/**
 * What the values of options may look like. None of the forms takes a slash, a space or a dash at its beginning: so no
 * value is a path, and none is taken for an option.
 */

/** No value at all. */
export const nothing = /^$/;
export const number = /^\d{1,15}$/;
/** As number, with the sign of a unit: bytes, sectors, blocks, kibibytes and so on. */
export const size = /^\d{1,15}[bskmgtpBSKMGTP]?$/;
export const fraction = /^\d{1,3}(\.\d{1,6})?$/;
export const yesOrNo = /^[01]$/;
/** As yesOrNo, or no value at all, which is yes. */
export const maybe = /^[01]?$/;

/** One of some words. */
export function oneOf(...words: readonly string[]): RegExp {
  return new RegExp(`^(${words.join('|')})$`);
}

/** Names that all take a value of the same form. */
export function each(form: RegExp, ...names: readonly string[]): [string, RegExp][] {
  return names.map((name) => [name, form]);
}

/** `name` or `name=value`, apart. */
export function split(word: string): readonly [name: string, value: string] {
  const at = word.indexOf('=');
  return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
}

/** What the user wrote, short enough for a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
