import type { IncomingMessage } from 'node:http';
import type { Kind } from '../../model/kind.ts';
import { reviews } from '../access/reviews.ts';
import { parseAccept } from '../wire/negotiation.ts';
import { jsonReply, type Reply, textReply } from '../wire/reply.ts';
import { Discovery } from './discovery.ts';
import { versionInfo } from './version.ts';
import { workloads } from './workloads.ts';

const virtual = [...reviews, ...workloads];

/** The paths that are not about objects; undefined for what is not served. */
export async function pageOf(
  given: string,
  request: IncomingMessage,
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
      return aggregatedOr(request, true, discovery(), () => discovery().coreVersions());
    case '/apis':
      return aggregatedOr(request, false, discovery(), () => discovery().groups());
    default:
      return path.startsWith('/openapi/')
        ? (await import('./openapi/pages.ts')).openApiPage(path.slice('/openapi/'.length), request, kinds, virtual)
        : deeperPage(path, discovery);
  }
}

function deeperPage(path: string, discovery: () => Discovery): Reply | undefined {
  const [, root, first = '', ...rest] = path.split('/');
  const [second] = rest;
  if (root === 'api' && rest.length === 0) return optional(discovery().resources('', first));
  if (root === 'apis' && rest.length === 0) return optional(discovery().group(first));
  if (root === 'apis' && rest.length === 1 && second) return optional(discovery().resources(first, second));
  return undefined;
}

function optional(value: unknown): Reply | undefined {
  return value === undefined ? undefined : jsonReply(value);
}

/** Clients since 1.26 ask for all groups in one answer, and for the single ones only of servers that have no such. */
function aggregatedOr(request: IncomingMessage, core: boolean, discovery: Discovery, plain: () => unknown): Reply {
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
  return jsonReply(plain());
}
