import type { Kind } from '../../model/kind.ts';
import { reviews } from '../access/reviews.ts';
import type { ApiRequest } from '../wire/exchange.ts';
import { parseAccept } from '../wire/reply/negotiation.ts';
import { jsonReply, type Reply, textReply } from '../wire/reply/reply.ts';
import { statusKind, valueReply } from '../wire/reply/value-reply.ts';
import { Discovery } from './discovery.ts';
import { versionInfo } from './version.ts';
import { workloads } from './workloads.ts';

const virtual = [...reviews, ...workloads];

/** The paths that are not about objects; undefined for what is not served. */
export async function pageOf(
  given: string,
  request: ApiRequest,
  kinds: readonly Kind[],
  metrics: (() => Promise<string>) | undefined,
): Promise<Reply | undefined> {
  const path = given.length > 1 ? given.replace(/\/$/, '') : given;
  const discovery = () => new Discovery([...kinds, ...virtual]);
  switch (path) {
    case '/':
      return jsonReply({
        paths: ['/api', '/apis', '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3', '/readyz', '/version'],
      });
    case '/version':
      return jsonReply(versionInfo());
    case '/readyz':
    case '/livez':
    case '/healthz':
      return textReply('ok');
    case '/metrics':
      return metrics && textReply(await metrics(), 'text/plain; version=0.0.4; charset=utf-8');
    case '/api':
      return aggregatedOr(request, true, discovery(), () => discovery().coreVersions(), 'APIVersions');
    case '/apis':
      return aggregatedOr(request, false, discovery(), () => discovery().groups(), 'APIGroupList');
    default:
      return path.startsWith('/openapi/')
        ? (await import('./openapi/pages.ts')).openApiPage(path.slice('/openapi/'.length), request, kinds, virtual)
        : await deeperPage(path, request, discovery);
  }
}

async function deeperPage(path: string, request: ApiRequest, discovery: () => Discovery): Promise<Reply | undefined> {
  const [, root, first = '', ...rest] = path.split('/');
  const [second] = rest;
  if (root === 'api' && rest.length === 0)
    return optional(request, discovery().resources('', first), 'APIResourceList');
  if (root === 'apis' && rest.length === 0) return optional(request, discovery().group(first), 'APIGroup');
  if (root === 'apis' && rest.length === 1 && second)
    return optional(request, discovery().resources(first, second), 'APIResourceList');
  return undefined;
}

async function optional(request: ApiRequest, value: object | undefined, kind: string): Promise<Reply | undefined> {
  return value && (await valueReply(request, value, 200, { ...statusKind, kind }));
}

/** Clients since 1.26 ask for all groups in one answer, and for the single ones only of servers that have no such. */
async function aggregatedOr(
  request: ApiRequest,
  core: boolean,
  discovery: Discovery,
  plain: () => object,
  kind: string,
): Promise<Reply> {
  for (const { type, parameters } of parseAccept(request.headers.accept)) {
    if (type !== 'application/json') continue;
    if (parameters['as'] === undefined) break;
    const version = parameters['v'];
    if (parameters['g'] !== 'apidiscovery.k8s.io' || (version !== 'v2' && version !== 'v2beta1')) continue;
    return {
      ...jsonReply(discovery.aggregated(core, version)),
      type: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      headers: { Vary: 'Accept' },
    };
  }
  return await valueReply(request, plain(), 200, { ...statusKind, kind });
}
