import type { IncomingMessage } from 'node:http';
import { refuse } from '../../api/status.ts';
import type { IncludeObject, TableRequest } from './table.ts';

/** The form in which a client wants objects. */
export interface Form {
  readonly as: 'object' | 'table' | 'metadata';
  readonly yaml: boolean;
  /** Set for tables. */
  readonly table: TableRequest;
  /** The version of the metadata form. */
  readonly version: 'v1' | 'v1beta1';
}

const noTable: TableRequest = { version: 'v1', include: 'Metadata' };
const plain: Form = { as: 'object', yaml: false, table: noTable, version: 'v1' };

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

/** Picks the form for objects. Binary forms that we do not speak are answered in JSON, anything else with 406. */
export function formOf(request: IncomingMessage, query: URLSearchParams): Form {
  const header = request.headers.accept;
  if (!header || header === 'application/json' || header === '*/*') return plain;
  const accepted = parseAccept(header);
  for (const { type, parameters } of accepted) {
    const yaml = type === 'application/yaml';
    if (!yaml && !jsonTypes.has(type)) continue;
    const version = parameters['v'] === 'v1beta1' ? 'v1beta1' : 'v1';
    if (parameters['as'] === undefined) return { ...plain, yaml };
    if (parameters['g'] !== 'meta.k8s.io') continue;
    if (parameters['as'] === 'Table') {
      return { as: 'table', yaml, table: { version, include: includeOf(query) }, version };
    }
    if (parameters['as'].startsWith('PartialObjectMetadata')) return { as: 'metadata', yaml, table: noTable, version };
  }
  if (accepted.some(({ type }) => binaryTypes.has(type))) return plain;
  return refuse(
    406,
    'NotAcceptable',
    'only the following media types are accepted: application/json, application/yaml',
  );
}

const jsonTypes = new Set(['application/json', 'application/*', '*/*']);
const binaryTypes = new Set(['application/vnd.kubernetes.protobuf', 'application/cbor', 'application/cbor-seq']);

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
