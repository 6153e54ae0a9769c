import type { JsonSchema } from '../discovery/kind-schema.ts';

/**
 * The fields of a value that its schema does not know, as paths (`spec.foo`, `spec.drivers[0].bar`). A key that begins
 * with `$` is a directive of a strategic merge patch, and no field.
 */
export function unknownFields(schema: JsonSchema | undefined, value: unknown, path = ''): string[] {
  if (!schema || typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) {
    const items = variant(schema, 'array')?.items;
    return value.flatMap((item, index) => unknownFields(items, item, `${path}[${index}]`));
  }
  const object = variant(schema, 'object');
  if (!object) return [];
  const found: string[] = [];
  for (const [key, child] of Object.entries(value)) {
    const known = fieldOf(object, key);
    const at = path === '' ? key : `${path}.${key}`;
    if (known === 'unknown') {
      if (!key.startsWith('$')) found.push(at);
    } else {
      found.push(...unknownFields(known, child, at));
    }
  }
  return found;
}

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
