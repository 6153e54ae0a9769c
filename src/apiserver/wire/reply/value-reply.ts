import type { Status } from '../../../api/status.ts';
import type { ApiRequest } from '../exchange.ts';
import { protobufType } from '../protobuf/media-type.ts';
import { notAcceptable, wireOf } from './negotiation.ts';
import { jsonReply, type Reply, statusReply } from './reply.ts';

interface Named {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** What a Status is called, and what pages about the API itself are. */
export const statusKind: Named = { group: 'meta.k8s.io', version: 'v1', kind: 'Status' };

/** What is not of a served kind, in the form that the client wants: JSON, or protobuf. Refuses with 406 all others. */
export async function valueReply(request: ApiRequest, value: object, code: number, kind: Named): Promise<Reply> {
  const reply = jsonReply(value, code);
  const wire = wireOf(request) ?? notAcceptable();
  return wire === 'protobuf' ? await inProtobuf(reply, value, kind) : reply;
}

/** A failure in the form that the client wants, or else in JSON. */
export async function failureReply(request: ApiRequest, status: Status): Promise<Reply> {
  const reply = statusReply(status);
  return wireOf(request) === 'protobuf' ? await inProtobuf(reply, status, statusKind) : reply;
}

async function inProtobuf(reply: Reply, value: object, kind: Named): Promise<Reply> {
  const { encodeEnvelope } = await import('../protobuf/envelope.ts');
  const apiVersion = kind.group === 'meta.k8s.io' ? 'v1' : undefined;
  return { ...reply, body: encodeEnvelope(value, kind, apiVersion), type: protobufType };
}
