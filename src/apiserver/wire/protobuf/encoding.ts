import type { Kind } from '../../../model/kind.ts';
import type { KubeObject } from '../../../model/object.ts';
import type { Encoding } from '../reply/encoding.ts';
import type { Form } from '../reply/negotiation.ts';
import { encodeEnvelope, encodeEvent, encodeList } from './envelope.ts';
import { protobufType } from './media-type.ts';
import { RecentFrames } from './recent-frames.ts';

/** Objects of a kind, or their metadata alone, in Kubernetes' binary form. */
export function protobufEncoding(kind: Kind, form: Form, stream: boolean): Encoding {
  const isWhole = form.as === 'object';
  const named = isWhole ? kind : { group: 'meta.k8s.io', version: form.version, kind: 'PartialObjectMetadata' };
  const part = isWhole ? (object: KubeObject) => object : ({ metadata }: KubeObject) => ({ metadata });
  const object = (one: KubeObject) => encodeEnvelope(part(one), named);
  return {
    type: stream ? `${protobufType};stream=watch` : protobufType,
    object,
    list: ({ items, ...metadata }) => encodeList(metadata, items.map(part), named),
    event: (event) => {
      const make = () => encodeEvent(event.type, object(event.object));
      return isWhole ? recent.of(event, make) : make();
    },
    failure: (status) => encodeEvent('ERROR', encodeEnvelope(status, statusKind, 'v1')),
  };
}

const recent = new RecentFrames();
const statusKind = { group: 'meta.k8s.io', version: 'v1', kind: 'Status' };
