import type { IncomingMessage } from 'node:http';
import { refuse } from '../../api/status.ts';
import { messageOf } from '../../lib/errors.ts';
import type { Kind } from '../../model/kind.ts';
import { duplicateFields } from './json-duplicates.ts';
import { decodeProtobuf, protobufType, readsProtobuf } from './protobuf.ts';

/** A body as it was read. */
export interface Body {
  readonly value: unknown;
  /** Fields that it sets more than once. Looked for only when asked. */
  readonly duplicates: () => readonly string[];
}

/** Bytes; what Kubernetes allows. */
const limit = 3 * 1024 * 1024;

/** Reads all of a request's body. */
async function readBytes(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) tooLarge();
    chunks.push(chunk);
  }
  const [first] = chunks;
  return first && chunks.length === 1 ? first : Buffer.concat(chunks);
}

/** Reads all of a request's body as text. */
export async function readText(request: IncomingMessage): Promise<string> {
  return (await readBytes(request)).toString('utf8');
}

function tooLarge(): never {
  return refuse(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);
}

/** The media type of a request's body, without parameters; '' if it says none. */
export function mediaTypeOf(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** Reads a body in JSON or YAML. `allowed` are the media types that this request may have; `unreadable` says why it is none. */
export async function readBody(
  request: IncomingMessage,
  unreadable: (why: string) => string,
  allowed: readonly string[] = objectTypes,
): Promise<Body> {
  const type = mediaTypeOf(request);
  if (type !== '' && !allowed.includes(type)) unknownFormat(allowed);
  const text = await readText(request);
  try {
    return type.includes('yaml') ? await parseYaml(text) : parseJson(text);
  } catch (error) {
    return refuse(400, 'BadRequest', unreadable(text.trim() === '' ? 'it is empty' : messageOf(error)));
  }
}

/** Reads an object's body: JSON, YAML, or for some kinds Kubernetes' binary form. */
export async function readObjectBody(request: IncomingMessage, kind: Pick<Kind, 'group' | 'kind'>): Promise<Body> {
  if (mediaTypeOf(request) !== protobufType) {
    const unrecognized = `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind`;
    return await readBody(request, (why) => `${unrecognized}; json parse error: ${why}`);
  }
  if (!readsProtobuf(kind)) unknownFormat(objectTypes);
  return { value: decodeProtobuf(await readBytes(request), kind), duplicates: () => [] };
}

const objectTypes = ['application/json', 'application/yaml'];

/** Says which media types a request may have. */
export function unknownFormat(allowed: readonly string[]): never {
  const types = allowed.join(', ');
  return refuse(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${types}`,
  );
}

function parseJson(text: string): Body {
  return { value: JSON.parse(text) as unknown, duplicates: () => duplicateFields(text) };
}

async function parseYaml(text: string): Promise<Body> {
  const { parseDocument, isMap, isScalar, isSeq } = await import('yaml');
  const document = parseDocument(text, { uniqueKeys: false });
  const [error] = document.errors;
  if (error) throw error;
  const duplicatesOf = (node: unknown, path: string): string[] => {
    if (isSeq(node)) return node.items.flatMap((item, index) => duplicatesOf(item, `${path}[${index}]`));
    if (!isMap(node)) return [];
    const seen = new Set<string>();
    return node.items.flatMap(({ key, value }) => {
      const name = String(isScalar(key) ? key.value : key);
      const at = path === '' ? name : `${path}.${name}`;
      const own = seen.has(name) ? [at] : [];
      seen.add(name);
      return [...own, ...duplicatesOf(value, at)];
    });
  };
  return {
    value: document.toJS({ maxAliasCount: 100 }) as unknown,
    duplicates: () => duplicatesOf(document.contents, ''),
  };
}
