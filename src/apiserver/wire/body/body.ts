import { refuse } from '../../../api/status.ts';
import { fail, messageOf } from '../../../lib/errors.ts';
import { deepestNesting, isDeeperThan, isTextDeeperThan } from '../../../lib/json.ts';
import type { Kind } from '../../../model/kind.ts';
import { longestBody } from '../../access/admission.ts';
import type { VirtualResource } from '../../discovery/discovery.ts';
import { type ApiRequest, bodyLengthOf, breakOff } from '../exchange.ts';
import { protobufType, speaksProtobuf } from '../protobuf/media-type.ts';
import { duplicateFields } from './json-duplicates.ts';
import { parseYaml } from './yaml-body.ts';

/** A body as it was read. */
export interface Body {
  readonly value: unknown;
  /** Fields that it sets more than once. Looked for only when asked. */
  readonly duplicates: () => readonly string[];
}

/** Reads all of a request's body. */
async function readBytes(request: ApiRequest): Promise<Buffer> {
  if ((bodyLengthOf(request) ?? 0) > longestBody) tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Not destroyed with what is left of it: the answer would be lost with the connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > longestBody) tooLarge();
    chunks.push(chunk);
  }
  const [first] = chunks;
  return first && chunks.length === 1 ? first : Buffer.concat(chunks);
}

/** Bytes of a body that are dropped for an answer to arrive. */
const mostDropped = 64 * 1024 * 1024;
/** Milliseconds that an answer waits for that where the connection ends with it. */
const patience = 5_000;

/**
 * Drops what is left of a body that nobody reads any more: a client reads the answer when it has sent all, and would
 * find the connection reset if it were closed before. One that sends on and on is disconnected. Resolves when all was
 * dropped, or when it takes long.
 */
export async function dropBody(request: ApiRequest): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let dropped = 0;
  request.on('data', (chunk: Buffer) => {
    dropped += chunk.length;
    if (dropped > mostDropped) breakOff(request);
  });
  const timer = setTimeout(resolve, patience);
  request.once('close', resolve).once('end', resolve).resume();
  await promise;
  clearTimeout(timer);
}

function tooLarge(): never {
  return refuse(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${longestBody}`);
}

/** The media type of a request's body, without parameters; '' if it says none. */
export function mediaTypeOf(request: ApiRequest): string {
  return (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** Reads a body in JSON or YAML. `allowed` are the media types that this request may have; `unreadable` says why it is none. */
export async function readBody(
  request: ApiRequest,
  unreadable: (why: string) => string,
  allowed: readonly string[] = objectTypes,
): Promise<Body> {
  const type = mediaTypeOf(request);
  if (type !== '' && !allowed.includes(type)) unknownFormat(allowed);
  return await decodeText(await readBytes(request), type, unreadable);
}

async function decodeText(bytes: Buffer, type: string, unreadable: (why: string) => string): Promise<Body> {
  const text = bytes.toString('utf8');
  try {
    return type.includes('yaml') ? shallow(await parseYaml(text)) : parseJson(text);
  } catch (error) {
    return refuse(400, 'BadRequest', unreadable(text.trim() === '' ? 'it is empty' : messageOf(error)));
  }
}

function shallow(body: Body): Body {
  return isDeeperThan(body.value, deepestNesting) ? tooDeep() : body;
}

function tooDeep(): never {
  return fail('invalid', `it is nested too deeply: ${deepestNesting} levels are the most`);
}

/** Reads an object's body: JSON, YAML, or for kinds of Kubernetes' own its binary form. */
export async function readObjectBody(request: ApiRequest, kind: Kind | VirtualResource): Promise<Body> {
  if (mediaTypeOf(request) === protobufType && speaksProtobuf(kind)) {
    return await decodeProtobuf(await readBytes(request), kind);
  }
  const unrecognized = `the object provided is unrecognized (must be of type ${kind.kind}): couldn't get version/kind`;
  const allowed = speaksProtobuf(kind) ? allTypes : objectTypes;
  return await readBody(request, (why) => `${unrecognized}; json parse error: ${why}`, allowed);
}

/** Reads the options of a deletion, in any form, of any kind. Undefined if there is no body. */
export async function readDeleteOptions(request: ApiRequest): Promise<unknown> {
  const bytes = await readBytes(request);
  if (bytes.length === 0) return undefined;
  const type = mediaTypeOf(request);
  if (type !== '' && !allTypes.includes(type)) unknownFormat(allTypes);
  const { value } =
    type === protobufType
      ? await decodeProtobuf(bytes, deleteOptions)
      : await decodeText(bytes, type, (why) => `the body is not a DeleteOptions: ${why}`);
  return value;
}

const deleteOptions = { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions' };

async function decodeProtobuf(bytes: Uint8Array, kind: Pick<Kind, 'group' | 'version' | 'kind'>): Promise<Body> {
  const { decodeEnvelope } = await import('../protobuf/envelope.ts');
  try {
    return shallow({ value: decodeEnvelope(bytes, kind), duplicates: () => [] });
  } catch (error) {
    return refuse(400, 'BadRequest', `the body is not a ${kind.kind} in protobuf: ${messageOf(error)}`);
  }
}

const objectTypes = ['application/json', 'application/yaml'];
const allTypes = [...objectTypes, protobufType];

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
  if (isTextDeeperThan(text, deepestNesting)) tooDeep();
  return { value: JSON.parse(text) as unknown, duplicates: () => duplicateFields(text) };
}
