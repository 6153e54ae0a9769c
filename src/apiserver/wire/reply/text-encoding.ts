import { apiVersionOf, type Kind } from '../../../model/kind.ts';
import type { KubeObject } from '../../../model/object.ts';
import type { Encoding } from './encoding.ts';
import { type Form, mediaTypes } from './negotiation.ts';
import { type ListMeta, metadataOnly, tableOf } from './table.ts';

type Json = (object: KubeObject) => string;

/** Objects as JSON, which is YAML as well; `json` writes one whole. */
export function textEncoding(kind: Kind, form: Form, json: Json): Encoding {
  const object = (one: KubeObject) => objectText(kind, one, form, json);
  return {
    type: mediaTypes[form.wire],
    object,
    list: ({ items, resourceVersion, continue: next, remainingItemCount }) =>
      listText(kind, items, { resourceVersion, continue: next, remainingItemCount }, form, json),
    event: ({ type, object: one }) => {
      const { resourceVersion } = one.metadata;
      const isTableMark = type === 'BOOKMARK' && form.as === 'table';
      return eventText(type, isTableMark ? tableOf(kind, [], { resourceVersion }, form.table, json) : object(one));
    },
    failure: (status) => eventText('ERROR', JSON.stringify(status)),
  };
}

function objectText(kind: Kind, object: KubeObject, form: Form, json: Json): string {
  switch (form.as) {
    case 'object':
      return json(object);
    case 'metadata':
      return metadataOnly(object, form.version);
    case 'table': {
      const { resourceVersion } = object.metadata;
      return tableOf(kind, [object], { resourceVersion }, form.table, json);
    }
  }
}

function listText(kind: Kind, items: readonly KubeObject[], metadata: ListMeta, form: Form, json: Json): string {
  switch (form.as) {
    case 'table':
      return tableOf(kind, items, metadata, form.table, json);
    case 'metadata': {
      const texts = items.map((item) => metadataOnly(item, form.version));
      return joined('PartialObjectMetadata', `meta.k8s.io/${form.version}`, metadata, texts);
    }
    case 'object':
      return joined(kind.kind, apiVersionOf(kind), metadata, items.map(json));
  }
}

function joined(kind: string, apiVersion: string, metadata: ListMeta, items: readonly string[]): string {
  return `{"kind":"${kind}List","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`;
}

function eventText(type: string, object: string): string {
  return `{"type":"${type}","object":${object}}\n`;
}
