import type { JsonSchema } from '../../discovery/kind-schema.ts';
import { mostProblems, pathBelow } from '../problems.ts';

/**
 * The fields of a value that its schema does not know, as paths (`spec.foo`, `spec.drivers[0].bar`), the first hundred
 * of them. A key that begins with `$` is a directive of a strategic merge patch, and no field.
 */
export function unknownFields(schema: JsonSchema | undefined, value: unknown, path = ''): string[] {
  const found: string[] = [];
  collect(schema, value, path, found);
  return found;
}

function collect(schema: JsonSchema | undefined, value: unknown, path: string, found: string[]): void {
  if (!schema || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    const items = variant(schema, 'array')?.items;
    if (!items) return;
    for (const [index, item] of value.entries()) {
      collect(items, item, `${path}[${index}]`, found);
      if (found.length >= mostProblems) return;
    }
    return;
  }
  const object = variant(schema, 'object');
  if (!object || isMapOfPlainValues(object)) return;
  for (const [key, child] of Object.entries(value)) {
    const known = fieldOf(object, key);
    if (known !== 'unknown') collect(known, child, pathBelow(path, key), found);
    else if (!key.startsWith('$')) found.push(pathBelow(path, key));
    if (found.length >= mostProblems) return;
  }
}

/** Every key of such a map is known, and nothing is below it. There may be many: `data` of a ConfigMap. */
function isMapOfPlainValues({ properties, additionalProperties: values }: JsonSchema): boolean {
  return !properties && typeof values === 'object' && plainTypes.has(values.type ?? '');
}

const plainTypes = new Set<unknown>(['string', 'number', 'integer', 'boolean']);

/** The schema at a JSON pointer's segments; `unknown` if it leads where no field is, undefined if anything goes. */
export function schemaAt(schema: JsonSchema, segments: readonly string[]): JsonSchema | undefined | 'unknown' {
  let at: JsonSchema | undefined = schema;
  for (const segment of segments) {
    if (!at) return undefined;
    const items: JsonSchema | undefined = variant(at, 'array')?.items;
    const object = variant(at, 'object');
    if (/^(?:-|\d+)$/.test(segment) && items) {
      at = items;
    } else {
      if (!object) return undefined;
      const field: JsonSchema | undefined | 'unknown' = fieldOf(object, segment);
      if (field === 'unknown') return 'unknown';
      at = field;
    }
  }
  return at;
}

/** The schema of a field; undefined if it may be anything. */
function fieldOf(object: JsonSchema, key: string): JsonSchema | undefined | 'unknown' {
  if (object.properties && Object.hasOwn(object.properties, key)) return object.properties[key];
  const others = object.additionalProperties;
  if (typeof others === 'object') return others;
  return others === false || (others === undefined && object.properties) ? 'unknown' : undefined;
}

/** Of a schema that allows several types, the one for this type. */
function variant(schema: JsonSchema, type: 'array' | 'object'): JsonSchema | undefined {
  if (schema.type === type) return schema;
  return schema.anyOf?.find((one) => one.type === type);
}
