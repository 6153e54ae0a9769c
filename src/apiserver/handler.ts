import type { EmbeddedApi } from '../api/embedded/embedded-api.ts';
import { type About, refuse, statusOf } from '../api/status.ts';
import { codeOf, unreachable } from '../lib/errors.ts';
import type { Log } from '../lib/log.ts';
import type { Kind } from '../model/kind.ts';
import { serviceAccounts } from '../model/kinds/index.ts';
import type { Admission, Admitted, RequestClass } from './access/admission.ts';
import type { Authenticator, User } from './access/authentication.ts';
import { type Attributes, type Authorizer, refusalOf } from './access/authorization.ts';
import { checkedApi } from './access/checked-api.ts';
import { impersonated } from './access/impersonation.ts';
import { isHealthPage } from './access/public-pages.ts';
import type { Rbac } from './access/rbac/rbac.ts';
import { answerReview, reviews } from './access/reviews.ts';
import type { AccountTokens } from './access/tokens/account-tokens.ts';
import { answerTokenRequest } from './access/tokens/token-request.ts';
import { tokenRequestKind } from './discovery/discovery.ts';
import { pageOf } from './discovery/pages.ts';
import { answerWorkload, workloads } from './discovery/workloads.ts';
import { parseResourcePath, type ResourcePath } from './request-path.ts';
import { aboutOf, type Call, flag, methodNotAllowed, noSuchResource, notFound } from './verbs/call.ts';
import { deleteCollection, deleteObject } from './verbs/delete.ts';
import { getObject, listObjects } from './verbs/read.ts';
import { watchObjects } from './verbs/watch.ts';
import { createObject, patchObject, replaceObject } from './verbs/write.ts';
import { viewApi } from './views/view.ts';
import { views } from './views/views.ts';
import { dropBody, readObjectBody } from './wire/body/body.ts';
import { recordOf } from './wire/body/decoding.ts';
import { type ApiRequest, type ApiResponse, breakOff, hasBody, isGone, sessionOf } from './wire/exchange.ts';
import { type Reply, send } from './wire/reply/reply.ts';
import { failureReply, valueReply } from './wire/reply/value-reply.ts';

export interface HandlerOptions {
  readonly api: EmbeddedApi;
  readonly log: Log;
  readonly authenticate: Authenticator;
  readonly authorize: Authorizer;
  readonly rbac: Rbac;
  readonly tokens: AccountTokens;
  readonly admission: Admission;
  /** The text of /metrics. */
  readonly metrics: (() => Promise<string>) | undefined;
  /** Aborts when the server stops: watches end. */
  readonly stopping: AbortSignal;
}

/** What becomes of each request: who is it, is there room for it, may they, what is it about, and which verb. */
export function requestHandler(options: HandlerOptions) {
  return async (request: ApiRequest, response: ApiResponse): Promise<void> => {
    let about: About | undefined;
    const warnings: string[] = [];
    try {
      const { path, query } = urlOf(request);
      const sender = options.authenticate(request) ?? refuse(401, 'Unauthorized', 'Unauthorized');
      const user = impersonated(request, sender, (attributes) => permit(options.authorize, sender, attributes));
      const admitted = options.admission.admit(request, response, sender, classOf(request, path, query));
      const call = callOf(options, request, path, query, user, warnings, admitted);
      if ('kind' in call) about = aboutOf(call);
      permit(options.authorize, user, 'kind' in call ? attributesOf(call) : call.attributes);
      const reply = await withBody(request, admitted, () =>
        'kind' in call ? serve(call, response, options) : serveOther(call.at, path, request, user, options),
      );
      if (reply) await send(request, response, { ...reply, warnings }, admitted.reply);
    } catch (error) {
      await answerFailure(error, about, warnings, request, response, options.log);
    }
  };
}

function urlOf(request: ApiRequest): { path: string; query: URLSearchParams } {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  if (/%(?![0-9a-f]{2})/i.test(path)) refuse(400, 'BadRequest', 'the path has a % that is no escape');
  return { path, query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)) };
}

function classOf({ method }: ApiRequest, path: string, query: URLSearchParams): RequestClass | undefined {
  if (method !== 'GET' && method !== 'HEAD') return 'writes';
  if (flag(query, 'watch')) return 'watches';
  return isHealthPage(path) ? undefined : 'reads';
}

/** Does what a request is about while there is room for its body, if it has one that is read. */
async function withBody<T>(request: ApiRequest, admitted: Admitted, serving: () => Promise<T>): Promise<T> {
  if (!hasBody(request)) return await serving();
  if (request.method === 'GET' || request.method === 'HEAD') {
    request.resume();
    return await serving();
  }
  using _room = await admitted.body();
  return await serving();
}

interface Other {
  readonly at: ResourcePath | undefined;
  readonly attributes: Attributes;
}

function callOf(
  { api, authorize, rbac }: HandlerOptions,
  request: ApiRequest,
  path: string,
  query: URLSearchParams,
  user: User,
  warnings: string[],
  admitted: Admitted,
): Call | Other {
  const at = parseResourcePath(path);
  const verb = (request.method ?? '').toLowerCase();
  if (!at) return { at, attributes: { verb, path } };
  const found = servedAt(api, at);
  if (!found) return { at, attributes: { ...at, verb: verb === 'post' ? 'create' : verb } };
  return {
    ...found,
    api: found.api === api ? checkedApi(api, found.kind, user, rbac) : found.api,
    permit: (attributes) => permit(authorize, user, attributes),
    request,
    query,
    user,
    namespace: at.namespace,
    name: at.name,
    subresource: at.subresource,
    warnings,
    admitted,
  };
}

/** The kind that is served there, and the API by which it is. */
function servedAt(api: EmbeddedApi, at: ResourcePath): Pick<Call, 'api' | 'kind'> | undefined {
  const kind = api.kinds.find((one) => sameResource(one, at));
  if (kind) return { api, kind };
  const view = views.find((one) => sameResource(one.kind, at));
  return view && { api: viewApi(api, view), kind: view.kind };
}

function permit(authorize: Authorizer, user: User, attributes: Attributes): void {
  if (!authorize(user, attributes)) refuse(403, 'Forbidden', refusalOf(user, attributes), {});
}

function attributesOf(call: Call): Attributes {
  const { kind, namespace, name, subresource, query } = call;
  const verb = verbOf(call);
  const { group, plural: resource } = kind;
  // A namespace is in itself, so that a role in it may say what becomes of it.
  const within = group === '' && resource === 'namespaces' ? (name ?? namespace) : namespace;
  return {
    verb,
    group,
    resource,
    namespace: within,
    name: name ?? (listVerbs.has(verb) ? selectedName(query) : undefined),
    subresource,
  };
}

const listVerbs: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection']);

/** The one object that a list or watch is about, if its field selector says so. */
function selectedName(query: URLSearchParams): string | undefined {
  return /(?:^|,)metadata\.name==?([^,=]+)(?:,|$)/.exec(query.get('fieldSelector') ?? '')?.[1];
}

function verbOf({ request, name, query }: Call) {
  switch (request.method) {
    case 'GET':
    case 'HEAD':
      return flag(query, 'watch') ? 'watch' : name === undefined ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      return methodNotAllowed();
  }
}

async function serve(
  call: Call,
  response: ApiResponse,
  { api, stopping, tokens }: HandlerOptions,
): Promise<Reply | undefined> {
  const { kind, namespace, name } = call;
  const one = name !== undefined;
  if (!kind.namespaced && namespace !== undefined) noSuchResource();
  if (kind.namespaced && namespace === undefined && one) noSuchResource();
  const verb = verbOf(call);
  switch (verb) {
    case 'watch':
      await watchObjects(call, response, stopping);
      return undefined;
    case 'list':
      return listObjects(call);
    case 'get':
      return getObject(call);
    case 'create':
      if (isTokenRequest(call)) return await createToken(call, api, tokens);
      return one || needsNamespace(kind, namespace) ? methodNotAllowed() : createObject(call);
    case 'update':
      return one ? replaceObject(call) : methodNotAllowed();
    case 'patch':
      return one ? patchObject(call) : methodNotAllowed();
    case 'delete':
      return deleteObject(call);
    case 'deletecollection':
      return needsNamespace(kind, namespace) ? methodNotAllowed() : deleteCollection(call);
    default:
      return unreachable(verb);
  }
}

function isTokenRequest({ kind, name, subresource }: Call): boolean {
  return name !== undefined && subresource === 'token' && kind.group === '' && kind.plural === serviceAccounts.plural;
}

/** POST of a TokenRequest to a ServiceAccount. */
async function createToken(call: Call, api: EmbeddedApi, tokens: AccountTokens): Promise<Reply> {
  const { namespace, name = '', request, warnings } = call;
  const { value } = await readObjectBody(request, tokenRequestKind);
  const account = (await api.get(serviceAccounts, { namespace, name })) ?? notFound(call);
  const answer = await answerTokenRequest(api, tokens, account, recordOf(value, tokenRequestKind), warnings);
  return await valueReply(request, answer, 201, tokenRequestKind);
}

function needsNamespace(kind: Kind, namespace: string | undefined): boolean {
  return kind.namespaced && namespace === undefined;
}

/** What is not about stored objects: reviews, discovery, schemas, health and metrics. */
async function serveOther(
  at: ResourcePath | undefined,
  path: string,
  request: ApiRequest,
  user: User,
  options: HandlerOptions,
): Promise<Reply> {
  if (!at) {
    if (request.method !== 'GET' && request.method !== 'HEAD') noSuchResource();
    return (
      (await pageOf(path, request, [...options.api.kinds, ...views.map(({ kind }) => kind)], options.metrics)) ??
      noSuchResource()
    );
  }
  const review = reviews.find((one) => sameResource(one, at));
  const workload = workloads.find((one) => sameResource(one, at));
  if (workload) return answerWorkload(workload, request.method ?? '', at.name);
  if (!review || at.name !== undefined || (at.namespace !== undefined) !== (review.namespaced ?? false))
    return noSuchResource();
  if (request.method !== 'POST') methodNotAllowed();
  const { value } = await readObjectBody(request, review);
  const { authorize, rbac, tokens } = options;
  const context = { user, namespace: at.namespace, authorize, rulesOf: rbac.rulesOf, reviewToken: tokens.review };
  return await valueReply(request, answerReview(review, recordOf(value, review), context), 201, review);
}

function sameResource(one: { group: string; version: string; plural: string }, at: ResourcePath): boolean {
  return one.plural === at.resource && one.group === at.group && one.version === at.version;
}

async function answerFailure(
  error: unknown,
  about: About | undefined,
  warnings: readonly string[],
  request: ApiRequest,
  response: ApiResponse,
  log: Log,
): Promise<void> {
  if (isGone(response)) return;
  if (codeOf(error) === 'internal') log.error({ error, method: request.method, path: request.url }, 'a request failed');
  if (response.headersSent) {
    breakOff(response);
    return;
  }
  const status = statusOf(error, about);
  if (hasBody(request) && !request.complete) {
    const dropped = dropBody(request);
    if (response.shouldKeepAlive === false) await dropped;
  }
  // A credential is that of the connection: who has a new one needs another.
  if (status.code === 401) endConnection(request, response);
  await send(request, response, { ...(await failureReply(request, status)), warnings });
}

/** No more is asked on the connection of a request once that is answered. */
function endConnection(request: ApiRequest, response: ApiResponse): void {
  const session = sessionOf(request);
  if (session) response.once('close', () => session.close());
  else if (request.complete || !hasBody(request)) response.setHeader('Connection', 'close');
}
