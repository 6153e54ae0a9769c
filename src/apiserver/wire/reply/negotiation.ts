import { refuse } from '../../../api/status.ts';
import type { Kind } from '../../../model/kind.ts';
import type { ApiRequest } from '../exchange.ts';
import { protobufType, speaksProtobuf } from '../protobuf/media-type.ts';
import type { IncludeObject, TableRequest } from './table.ts';

/** What objects are written in. */
export type Wire = 'json' | 'yaml' | 'protobuf';

/** The form in which a client wants objects. */
export interface Form {
  readonly as: 'object' | 'table' | 'metadata';
  readonly wire: Wire;
  /** Set for tables. */
  readonly table: TableRequest;
  /** The version of the metadata form. */
  readonly version: 'v1' | 'v1beta1';
}

const noTable: TableRequest = { version: 'v1', include: 'Metadata' };
const plain: Form = { as: 'object', wire: 'json', table: noTable, version: 'v1' };

/** One of the forms that an Accept header lists: its media type, and its parameters. */
export interface Accepted {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What an Accept header lists, the most wanted first. */
export function parseAccept(header: string | undefined): Accepted[] {
  if (!header) return [];
  return header
    .split(',')
    .map((part) => {
      const [type = '', ...rest] = part.split(';').map((piece) => piece.trim());
      const parameters = Object.fromEntries(
        rest.map((piece) => [before(piece), piece.slice(before(piece).length + 1)]),
      );
      return { type: type.toLowerCase(), parameters };
    })
    .sort((one, other) => Number(other.parameters['q'] ?? 1) - Number(one.parameters['q'] ?? 1));
}

/**
 * Picks the form for objects of a kind: the first one wanted that there is, or 406. Only metadata of what Kubernetes
 * serves from CRDs goes in protobuf, and no table does. `stream` is for events, which can't be told in YAML.
 */
export function formOf(request: ApiRequest, query: URLSearchParams, kind: Kind, stream = false): Form {
  const header = request.headers.accept;
  if (!header || header === 'application/json' || header === '*/*') return plain;
  for (const { type, parameters } of parseAccept(header)) {
    const wire = wires[type];
    if (!wire || (stream && wire === 'yaml')) continue;
    const version = parameters['v'] === 'v1beta1' ? 'v1beta1' : 'v1';
    if (parameters['as'] === undefined) {
      if (wire !== 'protobuf' || speaksProtobuf(kind)) return { ...plain, wire };
    } else if (parameters['g'] === 'meta.k8s.io') {
      if (parameters['as'] === 'Table' && wire !== 'protobuf')
        return { as: 'table', wire, table: { version, include: includeOf(query) }, version };
      if (parameters['as'].startsWith('PartialObjectMetadata'))
        return { as: 'metadata', wire, table: noTable, version };
    }
  }
  const possible = [...(stream ? ['json'] : ['json', 'yaml']), ...(speaksProtobuf(kind) ? ['protobuf'] : [])];
  return notAcceptable(possible.map((wire) => `${mediaTypes[wire as Wire]}${stream ? ';stream=watch' : ''}`));
}

/** What a value is written in that is the same for all kinds; undefined if the client takes none of it. */
export function wireOf({ headers: { accept } }: Pick<ApiRequest, 'headers'>): Wire | undefined {
  if (!accept) return 'json';
  const wanted = parseAccept(accept).find(({ type }) => Object.hasOwn(wires, type));
  return wanted && wires[wanted.type];
}

/** Says which media types there are. */
export function notAcceptable(types: readonly string[] = Object.values(mediaTypes)): never {
  return refuse(406, 'NotAcceptable', `only the following media types are accepted: ${types.join(', ')}`);
}

/** The media type of each form. */
export const mediaTypes: Readonly<Record<Wire, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: protobufType,
};
const wires: Readonly<Record<string, Wire>> = Object.assign(Object.create(null), {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'application/yaml': 'yaml',
  [protobufType]: 'protobuf',
});

function includeOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject') ?? 'Metadata';
  if (value === 'Object' || value === 'Metadata' || value === 'None') return value;
  return refuse(
    400,
    'BadRequest',
    `includeObject: Unsupported value: "${value}": supported values: "Metadata", "None", "Object"`,
  );
}

function before(parameter: string): string {
  const equals = parameter.indexOf('=');
  return equals < 0 ? parameter : parameter.slice(0, equals);
}
