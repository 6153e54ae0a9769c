import { type DescMessage, getOption, type JsonValue, type Message, toJson } from '@bufbuild/protobuf';
import { csi_secret } from '../protocol/csi_pb.ts';

/**
 * A message as JSON for the log, without its secrets: the fields that CSI marks `csi_secret` say only how many
 * entries they have.
 */
export function redacted(schema: DescMessage, message: Message): JsonValue {
  return strip(schema, toJson(schema, message));
}

function strip(schema: DescMessage, json: JsonValue): JsonValue {
  if (json === null || typeof json !== 'object' || Array.isArray(json)) return json;
  const fields = new Map(schema.fields.map((field) => [field.jsonName, field]));
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => {
      const field = fields.get(key);
      if (!field || value === undefined) return [key, value ?? null];
      if (getOption(field, csi_secret)) return [key, `${Object.keys(value ?? {}).length} entries, not shown`];
      if (field.fieldKind === 'message') return [key, strip(field.message, value)];
      if (field.fieldKind === 'list' && field.message && Array.isArray(value)) {
        const { message } = field;
        return [key, value.map((item) => strip(message, item))];
      }
      return [key, value];
    }),
  );
}
