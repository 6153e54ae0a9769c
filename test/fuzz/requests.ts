import { gzipSync } from 'node:zlib';
import type { Kind } from '../../src/model/kind.ts';
import { allKinds } from '../../src/model/kinds/index.ts';
import { deletionBody, type FuzzBody, objectBody, patchBody, validBody } from './bodies.ts';
import type { Random } from './random.ts';
import { oddKeys, text, value } from './values.ts';

/** One request as it is sent. */
export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

const plainKinds = new Set([
  'configmaps',
  'secrets',
  'storageclasses',
  'persistentvolumeclaims',
  'roles',
  'leases',
  'nodes',
]);
const kinds = allKinds as readonly Kind[] as readonly [Kind, ...Kind[]];
/** Kinds of which objects are easily made, so that there is something to read and to change. */
const [firstKind, ...otherKinds] = kinds.filter(({ plural }) => plainKinds.has(plural));
const names = ['f-0', 'f-1', 'f-2', 'f-3'] as const;
const methods = ['GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'PUT', 'PATCH', 'PATCH', 'DELETE'] as const;
const oddMethods = ['HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'CONNECT2'] as const;
const pages = [
  '/',
  '/api',
  '/api/v1',
  '/apis',
  '/apis/apps/v1',
  '/apis/storage.k8s.io',
  '/openapi/v2',
  '/openapi/v3',
  '/openapi/v3/api/v1',
  '/openapi/v3/apis/apps/v1',
  '/version',
  '/metrics',
  '/readyz',
  '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
  '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  '/api/v1/namespaces/default/pods/a/log',
  '/apis/apps/v1/namespaces/default/deployments',
  '//',
  '/%00',
  '/%ff%fe',
  '/api/v1/namespaces/../../..',
  '/apis/__proto__/v1/constructor',
] as const;

/** A request that nobody would send in earnest. */
export function request(random: Random): FuzzRequest {
  const kind = firstKind && !random.onceIn(3) ? random.pick([firstKind, ...otherKinds]) : random.pick(kinds);
  const name = random.pick(names);
  if (random.onceIn(5)) return creation(kind, name);
  const method = random.onceIn(50) ? random.pick(oddMethods) : random.pick(methods);
  const path = random.onceIn(8) ? random.pick(pages) : pathOf(random, kind, method, name);
  const body = bodyOf(random, method, kind, name);
  return {
    method: method === 'CONNECT2' ? 'LINK' : method,
    // Cut, it may end in half of an escape.
    path: `${path}${random.onceIn(2) ? '' : queryOf(random)}`.slice(0, 12_000),
    headers: headersOf(random, body),
    body: body && (random.onceIn(30) ? gzipSync(body.bytes) : body.bytes),
  };
}

/** A request that is as it should be. */
function creation(kind: Kind, name: string): FuzzRequest {
  const root = kind.group === '' ? '/api' : `/apis/${kind.group}`;
  const at = kind.namespaced ? '/namespaces/default' : '';
  const { type, bytes } = validBody(kind, name);
  return {
    method: 'POST',
    path: `${root}/${kind.version}${at}/${kind.plural}`,
    headers: { 'content-type': type },
    body: bytes,
  };
}

function pathOf(random: Random, kind: Kind, method: string, name: string): string {
  const root = kind.group === '' ? '/api' : `/apis/${kind.group}`;
  const version = random.onceIn(40) ? random.pick(oddKeys) : kind.version;
  // The namespaces of others are let alone.
  const space = random.onceIn(20) ? random.pick(['fuzz', 'kube-system', ...oddKeys]) : 'default';
  const at =
    kind.namespaced && (method === 'GET' ? !random.onceIn(5) : !random.onceIn(30)) ? `/namespaces/${space}` : '';
  const wantsName = method === 'POST' ? random.onceIn(20) : !random.onceIn(method === 'GET' ? 3 : 15);
  const isNamespaces = kind.plural === 'namespaces';
  const one = wantsName || (isNamespaces && method === 'DELETE');
  const below = one ? `/${random.onceIn(25) && !isNamespaces ? random.pick(oddKeys) : name}` : '';
  const sub = one && random.onceIn(5) ? `/${random.pick(['status', 'finalize', 'scale', 'log', '__proto__'])}` : '';
  const path = `${root}/${version}${at}/${kind.plural}${below}${sub}`;
  return path
    .split('/')
    .map((part) => encodeURIComponent(part.toWellFormed()))
    .join('/');
}

const selectors = [
  'a=b',
  'a in (b,c)',
  'a notin (b)',
  '!a',
  'a',
  'toString',
  '__proto__=a',
  'a==b,c!=d',
  'a>1',
] as const;
const fieldSelectors = [
  'metadata.name=f-0',
  'metadata.namespace!=default',
  'metadata.__proto__=a',
  'spec.nodeName=',
  'constructor=a',
  'type=Opaque',
] as const;
const parameters = [
  'labelSelector',
  'fieldSelector',
  'limit',
  'continue',
  'resourceVersion',
  'resourceVersionMatch',
  'watch',
  'timeoutSeconds',
  'allowWatchBookmarks',
  'sendInitialEvents',
  'dryRun',
  'fieldManager',
  'fieldValidation',
  'force',
  'pretty',
  'includeObject',
  'propagationPolicy',
  'orphanDependents',
  'gracePeriodSeconds',
  'timeout',
  '__proto__',
] as const;

function queryOf(random: Random): string {
  const query = new URLSearchParams();
  for (let left = 1 + random.below(4); left > 0; left -= 1) {
    const name = random.pick(parameters);
    query.append(name, parameter(random, name));
  }
  // A watch is over soon.
  if (query.has('watch')) query.set('timeoutSeconds', '1');
  return `?${query}${random.onceIn(30) ? '&%zz=%&&==&' : ''}`;
}

function parameter(random: Random, name: string): string {
  if (random.onceIn(5)) return text(random, 12_000);
  switch (name) {
    case 'labelSelector':
      return random.oneOf(
        () => random.pick(selectors),
        () => Array.from({ length: random.length(300) }, () => random.pick(selectors)).join(','),
        () => `a in (${'b,'.repeat(random.length(2_000))}c)`,
        () => `${random.pick(oddKeys)}${random.pick(['=', '!=', ' in ', '(', ',', ' '])}${random.pick(oddKeys)}`,
      );
    case 'fieldSelector':
      return random.onceIn(2) ? random.pick(fieldSelectors) : `${random.pick(oddKeys)}=${random.pick(oddKeys)}`;
    case 'continue':
      return random.oneOf(
        () => Buffer.from(JSON.stringify({ version: random.below(1_000), key: 'default\0f-0' })).toString('base64url'),
        () => Buffer.from(JSON.stringify(value(random, 2)).slice(0, 5_000)).toString('base64url'),
        () =>
          Buffer.from(JSON.stringify({ version: random.pick([-1, 1e99, '1', null]), key: [] })).toString('base64url'),
        () => random.bytes(20).toString('latin1'),
      );
    case 'resourceVersion':
      return random.pick(['', '0', '1', '100', '99999999999999999999', '-1', '1.5', '0x10', '1e3']);
    case 'resourceVersionMatch':
      return random.pick(['', 'Exact', 'NotOlderThan', 'None']);
    case 'includeObject':
      return random.pick(['None', 'Metadata', 'Object', 'All']);
    case 'fieldValidation':
      return random.pick(['Strict', 'Warn', 'Ignore', '', 'constructor']);
    case 'propagationPolicy':
      return random.pick(['Background', 'Foreground', 'Orphan', '']);
    case 'dryRun':
      return random.pick(['All', '', 'None']);
    default:
      return random.pick(['true', 'false', '1', '0', '-1', '5', '1e9', '99999999999999999999', '', 'NaN']);
  }
}

const accepts = [
  'application/json',
  '*/*',
  'application/yaml',
  'application/vnd.kubernetes.protobuf',
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io',
  'application/vnd.kubernetes.protobuf;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/cbor',
  'text/html',
  ';;;,,,=q;q=',
  'application/json;as=__proto__;g=constructor;v=toString',
  'application/json;q=x',
] as const;
const types = ['application/json', 'application/yaml', 'text/plain', 'application/cbor', 'a', ';', ''] as const;

function headersOf(random: Random, body: FuzzBody | undefined): Record<string, string> {
  const type = body && (random.onceIn(30) ? random.pick(types) : body.type);
  return {
    ...(random.onceIn(3) ? {} : { accept: random.onceIn(50) ? 'a/b;c=d,'.repeat(1_000) : random.pick(accepts) }),
    ...(random.onceIn(2) && { 'accept-encoding': random.pick(['gzip', 'identity', 'br', 'gzip;q=0', '*']) }),
    ...(type && { 'content-type': type }),
    ...(random.onceIn(40) && { 'content-encoding': random.pick(['gzip', 'deflate', 'br']) }),
    ...(random.onceIn(40) && { 'impersonate-user': 'somebody' }),
    ...(random.onceIn(40) && { 'if-none-match': random.pick(['*', '"a"', '']) }),
    ...(random.onceIn(60) && { authorization: 'Bearer a' }),
    ...(random.onceIn(60) && { 'x-long': 'a'.repeat(15_000) }),
  };
}

function bodyOf(random: Random, method: string, kind: Kind, name: string): FuzzBody | undefined {
  switch (method) {
    case 'POST':
    case 'PUT':
      return objectBody(random, kind, name);
    case 'PATCH':
      return patchBody(random, kind, name);
    case 'DELETE':
      return deletionBody(random);
    default:
      return random.onceIn(30) ? deletionBody(random) : undefined;
  }
}
