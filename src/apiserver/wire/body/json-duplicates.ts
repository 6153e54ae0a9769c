import { mostProblems, pathBelow } from '../problems.ts';

/**
 * The fields that a JSON text sets more than once in one object, as paths (`spec.resources`), each once. JSON.parse
 * takes the last of them in silence. Of a hundred, the first. The text must be valid JSON.
 */
export function duplicateFields(text: string): string[] {
  const found = new Set<string>();
  const scopes: Scope[] = [];
  let at = 0;
  while (at < text.length && found.size < mostProblems) {
    const char = text[at];
    const scope = scopes.at(-1);
    if (char === '"') {
      const end = endOfString(text, at);
      if (scope?.keys && scope.wantsKey) {
        scope.key = JSON.parse(text.slice(at, end)) as string;
        scope.wantsKey = false;
        if (scope.keys.has(scope.key)) found.add(pathOf(scopes));
        scope.keys.add(scope.key);
      }
      at = end;
      continue;
    }
    if (char === '{') scopes.push({ keys: new Set(), key: '', index: 0, wantsKey: true });
    else if (char === '[') scopes.push({ keys: undefined, key: '', index: 0, wantsKey: false });
    else if (char === '}' || char === ']') scopes.pop();
    else if (char === ',' && scope) {
      scope.index += 1;
      scope.wantsKey = scope.keys !== undefined;
    }
    at += 1;
  }
  return [...found];
}

interface Scope {
  /** The keys of an object so far; undefined in a list. */
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
  wantsKey: boolean;
}

function pathOf(scopes: readonly Scope[]): string {
  let path = '';
  for (const { keys, key, index } of scopes) path = keys ? pathBelow(path, key) : `${path}[${index}]`;
  return path;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}
