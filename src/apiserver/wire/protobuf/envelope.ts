import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { apiVersionOf, type Kind } from '../../../model/kind.ts';
import { decodeMessage, type Fields } from './decode.ts';
import { encodeMessage, writeMessage } from './encode.ts';
import { commonMessages, messageNameOf } from './message-names.ts';
import { type MessagePlan, planOf } from './message-plan.ts';

type Named = Pick<Kind, 'group' | 'version' | 'kind'>;

/** What each body begins with. */
const magic = Buffer.from('k8s\0');

function known(name: string): MessagePlan {
  const plan = planOf(name);
  if (!plan) throw new Error(`there is no message ${name}: npm run generate makes those of what is served`);
  return plan;
}

/** Of what can't be written (pods) there is never more than metadata, in bookmarks; of metadata, every version is alike. */
function planFor(kind: Named): MessagePlan {
  return planOf(messageNameOf(kind)) ?? known(partialMetadata);
}

const partialMetadata = messageNameOf({ group: 'meta.k8s.io', version: 'v1', kind: 'PartialObjectMetadata' });

/** An object from a body; throws if it is none. Its kind is what the body says, whatever it should be. */
export function decodeEnvelope(body: Uint8Array, kind: Named): Fields {
  if (!magic.equals(body.subarray(0, magic.length))) throw new Error('it does not begin with k8s and a zero byte');
  const reader = new BinaryReader(body.subarray(magic.length));
  let typeMeta: Uint8Array = new Uint8Array();
  let content: Uint8Array = new Uint8Array();
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (number > 4 || wire !== WireType.LengthDelimited) throw new Error('its envelope is none of Kubernetes');
    const bytes = reader.bytes();
    if (number === 1) typeMeta = bytes;
    else if (number === 2) content = bytes;
  }
  return {
    ...decodeMessage(typeMeta, known(commonMessages.typeMeta)),
    ...decodeMessage(content, planFor(kind)),
  };
}

/** An object as a body. */
export function encodeEnvelope(value: unknown, kind: Named, apiVersion = apiVersionOf(kind)): Uint8Array {
  const content = contentOf(value, planFor(kind));
  return envelope(apiVersion, kind.kind, (writer) => writer.raw(content));
}

/** A list as a body: all lists are made alike. */
export function encodeList(
  metadata: unknown,
  items: readonly unknown[],
  item: Named,
  apiVersion = apiVersionOf(item),
): Uint8Array {
  const plan = planFor(item);
  return envelope(apiVersion, `${item.kind}List`, (writer) => {
    writer.tag(1, WireType.LengthDelimited).fork();
    writeMessage(writer, metadata, known(commonMessages.listMeta));
    writer.join();
    for (const one of items) writer.tag(2, WireType.LengthDelimited).bytes(contentOf(one, plan));
  });
}

/** One event of a watch, framed: the length of what follows in four bytes, then a WatchEvent with an enveloped object. */
export function encodeEvent(type: string, object: Uint8Array): Uint8Array {
  const event = new BinaryWriter();
  event.tag(1, WireType.LengthDelimited).string(type);
  event.tag(2, WireType.LengthDelimited).fork();
  event.tag(1, WireType.LengthDelimited).bytes(object);
  const bytes = event.join().finish();
  const frame = Buffer.allocUnsafe(bytes.length + 4);
  frame.writeUInt32BE(bytes.length);
  frame.set(bytes, 4);
  return frame;
}

const written = new WeakMap<object, Uint8Array>();
/** Bytes of what is kept: writing one that is longer costs less than keeping it. */
const longestKept = 16 * 1024;

/** An object as a message. Stored objects never change: each is written once for as long as it is there. */
function contentOf(value: unknown, plan: MessagePlan): Uint8Array {
  if (typeof value !== 'object' || value === null) return encodeMessage(value, plan);
  const known = written.get(value);
  if (known) return known;
  const fresh = encodeMessage(value, plan);
  if (fresh.length <= longestKept && Object.isFrozen(value)) written.set(value, fresh);
  return fresh;
}

function envelope(apiVersion: string, kind: string, content: (writer: BinaryWriter) => unknown): Uint8Array {
  const writer = new BinaryWriter().raw(magic);
  writer.tag(1, WireType.LengthDelimited).fork();
  writer.tag(1, WireType.LengthDelimited).string(apiVersion);
  writer.tag(2, WireType.LengthDelimited).string(kind);
  writer.join();
  writer.tag(2, WireType.LengthDelimited).fork();
  content(writer);
  writer.join();
  return writer.finish();
}
