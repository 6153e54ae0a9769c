import type { Kind } from '../../../model/kind.ts';
import type { KubeObject } from '../../../model/object.ts';
import type { ApiRequest } from '../exchange.ts';
import type { Encoding } from './encoding.ts';
import { formOf } from './negotiation.ts';
import { textEncoding } from './text-encoding.ts';

/** What has to be known of a request to answer it. */
export interface Asked {
  readonly api: { json(object: KubeObject): string };
  readonly kind: Kind;
  readonly request: ApiRequest;
  readonly query: URLSearchParams;
}

/** The encoding that a client wants. Refuses with 406 if there is none: so it is asked for before anything is done. */
export async function encodingOf({ api, kind, request, query }: Asked, stream = false): Promise<Encoding> {
  const form = formOf(request, query, kind, stream);
  if (form.wire !== 'protobuf') return textEncoding(kind, form, (object) => api.json(object));
  const { protobufEncoding } = await import('../protobuf/encoding.ts');
  return protobufEncoding(kind, form, stream);
}
