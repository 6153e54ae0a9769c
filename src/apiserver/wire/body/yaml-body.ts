import { fail } from '../../../lib/errors.ts';
import { deepestNesting } from '../../../lib/json.ts';
import { mostProblems, pathBelow } from '../problems.ts';

/**
 * Words, signs and line ends. Reading YAML costs a hundred times as much as reading JSON, and the square of a run of
 * signs that are wrong.
 */
const mostParts = 20_000;

/** Reads YAML. Throws if it is none, or has more parts than may be read while others wait. */
export async function parseYaml(text: string): Promise<{ value: unknown; duplicates: () => readonly string[] }> {
  const yaml = await import('yaml');
  const { Lexer, parseDocument, isMap, isScalar, isSeq } = yaml;
  let parts = 0;
  for (const _part of new Lexer().lex(text)) {
    parts += 1;
    if (parts > mostParts) fail('invalid', `it is YAML of more than ${mostParts} parts: send it as JSON`);
  }
  const document = parseDocument(text, { uniqueKeys: false });
  const [error] = document.errors;
  if (error) throw error;
  checkNodes(yaml, document.contents);
  const value = document.toJS({ maxAliasCount: 100 }) as unknown;
  checkCircles(value);
  const duplicates = () => {
    const found: string[] = [];
    const look = (node: unknown, path: string): void => {
      if (isSeq(node)) for (const [index, item] of node.items.entries()) look(item, `${path}[${index}]`);
      if (!isMap(node)) return;
      const seen = new Set<string>();
      for (const { key, value } of node.items) {
        const name = String(isScalar(key) ? key.value : key);
        const at = pathBelow(path, name);
        if (seen.has(name)) found.push(at);
        if (found.length >= mostProblems) return;
        seen.add(name);
        look(value, at);
      }
    };
    look(document.contents, '');
    return found;
  };
  return { value, duplicates };
}

/** Throws if a value is a part of itself, as an alias within what it stands for makes it. Looks at each part once. */
function checkCircles(value: unknown, around = new Set<unknown>(), done = new Set<unknown>()): void {
  if (typeof value !== 'object' || value === null || done.has(value)) return;
  if (around.has(value)) fail('invalid', 'it has an alias within what the alias stands for');
  around.add(value);
  for (const child of Object.values(value)) checkCircles(child, around, done);
  around.delete(value);
  done.add(value);
}

/** Throws if it is nested too deeply, or has keys that are lists or objects: made into texts, each level doubles them. */
function checkNodes({ isMap, isScalar, isSeq }: typeof import('yaml'), root: unknown): void {
  let level = [root];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > deepestNesting) fail('invalid', `it is nested too deeply: ${deepestNesting} levels are the most`);
    const below: unknown[] = [];
    for (const node of level) {
      if (isSeq(node)) below.push(...node.items);
      if (!isMap(node)) continue;
      for (const { key, value } of node.items) {
        if (!isScalar(key)) fail('invalid', 'it has a key that is not a text');
        below.push(value);
      }
    }
    level = below;
  }
}
