/**
 * Writes src/apiserver/discovery/openapi/kubernetes-fields.ts: what Kubernetes' own .proto files say of the fields that
 * are served, and which message each of them is.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromBinary } from '@bufbuild/protobuf';
import { type DescriptorProto, type FieldDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { type JsonSchema, jsonSchemaOf } from '../src/apiserver/discovery/kind-schema.ts';
import { messageNameOf } from '../src/apiserver/wire/protobuf/message-names.ts';
import { jsonForms } from '../src/apiserver/wire/protocol/kubernetes_pb.ts';
import { allKinds, anyKind, eventsV1 } from '../src/model/kinds/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const target = 'src/apiserver/discovery/openapi/kubernetes-fields.ts';

interface Message {
  readonly description: string;
  readonly fields: Map<string, { readonly description: string; readonly message: string | undefined }>;
}

const buf = join(root, 'node_modules/.bin/buf');
const image = execFileSync(buf, ['build', 'src/apiserver/wire/protocol', '--output', '-#format=binpb'], {
  cwd: root,
  maxBuffer: 64 * 1024 * 1024,
});
const descriptors = new Map<string, DescriptorProto>();
const comments = new Map<string, string>();
for (const file of fromBinary(FileDescriptorSetSchema, image).file) {
  const nameAt = new Map<string, string>();
  for (const [index, message] of file.messageType.entries()) {
    const name = `${file.package}.${message.name}`;
    descriptors.set(name, message);
    nameAt.set(`4,${index}`, name);
    for (const [at, field] of message.field.entries()) nameAt.set(`4,${index},2,${at}`, `${name}#${field.name}`);
    for (const nested of message.nestedType) descriptors.set(`${name}.${nested.name}`, nested);
  }
  for (const { path, leadingComments } of file.sourceCodeInfo?.location ?? []) {
    const name = nameAt.get(path.join());
    if (name && leadingComments) comments.set(name, textOf(leadingComments));
  }
}

const found = new Map<string, Message>();
for (const kind of [...allKinds, anyKind(eventsV1)]) {
  const name = messageNameOf(kind);
  if (kind.mergeKeys && descriptors.has(name)) visit(name, jsonSchemaOf(kind));
}

/** Notes what a message says of the fields that a schema has, and goes on into them. */
function visit(name: string, schema: JsonSchema): void {
  const known = found.get(name) ?? { description: comments.get(name) ?? '', fields: new Map() };
  found.set(name, known);
  const fields = fieldsOf(name);
  const { properties = {} } = schema;
  for (const [key, child] of Object.entries(properties)) {
    const field = fields.get(key);
    if (!field) continue;
    const { message, inner } = meantBy(field.field, child);
    known.fields.set(key, { description: comments.get(`${field.of}#${field.field.name}`) ?? '', message });
    if (message && inner.properties) visit(message, inner);
  }
}

interface Field {
  readonly of: string;
  readonly field: FieldDescriptorProto;
}

/** The fields of a message by their names in JSON, with those of messages that stand inline. */
function fieldsOf(name: string): Map<string, Field> {
  const { inline = [], renamed = {} } = jsonForms[name] ?? {};
  const fields = new Map<string, Field>();
  for (const field of descriptors.get(name)?.field ?? []) {
    if (inline.includes(field.name)) for (const [key, one] of fieldsOf(field.typeName.slice(1))) fields.set(key, one);
    else fields.set(renamed[field.name] ?? field.name, { of: name, field });
  }
  return fields;
}

/** The message that a field, the elements of a list or the values of a map are, and their schema. */
function meantBy(field: FieldDescriptorProto, schema: JsonSchema) {
  const own = field.typeName.slice(1) || undefined;
  const isMap = own !== undefined && descriptors.get(own)?.options?.mapEntry === true;
  const value = isMap
    ? descriptors
        .get(own)
        ?.field.find(({ name }) => name === 'value')
        ?.typeName.slice(1)
    : own;
  const plain = schema.anyOf?.find(({ type }) => type !== 'null') ?? schema;
  const below = plain.items ?? (typeof plain.additionalProperties === 'object' ? plain.additionalProperties : plain);
  const inner = below.anyOf?.find(({ type }) => type !== 'null') ?? below;
  return { message: value || undefined, inner };
}

/** A comment as it is to be read: without notes to programs. */
function textOf(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('+') && !line.startsWith('---') && !line.startsWith('TODO'))
    .join('\n')
    .trim()
    .replaceAll(/([^\n])\n(?=[^\n])/g, '$1 ');
}

const lines = [...found]
  .sort(([one], [other]) => (one < other ? -1 : 1))
  .map(([name, { description, fields }]) => {
    const of = [...fields].map(([key, field]) => {
      const parts = [field.description, ...(field.message ? [field.message] : [])];
      return `      ${JSON.stringify(key)}: ${JSON.stringify(parts)},`;
    });
    return [
      `  '${name}': {`,
      `    description: ${JSON.stringify(description)},`,
      '    fields: {',
      ...of,
      '    },',
      '  },',
    ];
  });
writeFileSync(
  join(root, target),
  [
    '// @generated by scripts/field-descriptions.ts from the .proto files of Kubernetes (Apache License 2.0)',
    '',
    '/** What Kubernetes says of a message: of itself, and of each field, with the message that the field is. */',
    'export interface MessageText {',
    '  readonly description: string;',
    '  readonly fields: Readonly<Record<string, readonly [description: string, message?: string]>>;',
    '}',
    '',
    '/** The messages of the kinds that are served, by name. */',
    'export const messageTexts: Readonly<Record<string, MessageText>> = {',
    ...lines.flat(),
    '};',
    '',
  ].join('\n'),
);
