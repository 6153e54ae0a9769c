import { refuse } from '../../api/status.ts';
import { timestamp } from '../../lib/clock.ts';
import type { PolicyRule } from '../../model/kinds/index.ts';
import type { VirtualResource } from '../discovery/discovery.ts';
import type { User } from './authentication.ts';
import type { Attributes, Authorizer } from './authorization.ts';
import type { Rbac } from './rbac/rbac.ts';

/** What reviews are answered from. */
export interface ReviewContext {
  readonly user: User;
  /** The namespace in the path. */
  readonly namespace: string | undefined;
  readonly authorize: Authorizer;
  readonly rulesOf: Rbac['rulesOf'];
  /** Who has a token, if it is good and for one of the audiences; the reason why not. */
  readonly reviewToken: (token: string, audiences: readonly string[]) => TokenAnswer;
}

/** What a token is worth. */
export type TokenAnswer = { readonly user: User; readonly audiences: readonly string[] } | { readonly error: string };

/** A question that is asked by creating an object, whose status is the answer. */
export interface Review extends VirtualResource {
  readonly answer: (body: unknown, context: ReviewContext) => Readonly<Record<string, unknown>>;
}

const authentication = { group: 'authentication.k8s.io', version: 'v1' } as const;
const authorization = { group: 'authorization.k8s.io', version: 'v1' } as const;

/** Who am I, may I, may they, what may I: `kubectl auth whoami`, `kubectl auth can-i`. */
export const reviews: readonly Review[] = [
  {
    ...authentication,
    kind: 'SelfSubjectReview',
    plural: 'selfsubjectreviews',
    singular: 'selfsubjectreview',
    answer: (_body, { user }) => ({ status: { userInfo: userInfoOf(user) } }),
  },
  {
    ...authentication,
    kind: 'TokenReview',
    plural: 'tokenreviews',
    singular: 'tokenreview',
    answer: (body, { reviewToken }) => {
      const spec = recordAt(body, 'spec');
      const { token } = spec;
      if (typeof token !== 'string' || token === '') return { spec, status: { user: {}, error: 'token is required' } };
      const answer = reviewToken(token, texts(spec['audiences']));
      if ('error' in answer) return { spec, status: { user: {}, error: answer.error } };
      return { spec, status: { authenticated: true, user: userInfoOf(answer.user), audiences: answer.audiences } };
    },
  },
  {
    ...authorization,
    kind: 'SelfSubjectAccessReview',
    plural: 'selfsubjectaccessreviews',
    singular: 'selfsubjectaccessreview',
    answer: (body, { user, authorize }) => accessAnswer(recordAt(body, 'spec'), user, authorize),
  },
  {
    ...authorization,
    kind: 'SubjectAccessReview',
    plural: 'subjectaccessreviews',
    singular: 'subjectaccessreview',
    answer: (body, { authorize }) => accessAnswer(recordAt(body, 'spec'), subjectOf(body), authorize),
  },
  {
    ...authorization,
    kind: 'LocalSubjectAccessReview',
    plural: 'localsubjectaccessreviews',
    singular: 'localsubjectaccessreview',
    namespaced: true,
    answer: (body, { namespace, authorize }) => {
      const spec = recordAt(body, 'spec');
      const { namespace: asked } = recordAt(spec, 'resourceAttributes');
      if (asked !== namespace) {
        const field = 'spec.resourceAttributes.namespace';
        refuse(
          422,
          'Invalid',
          `${field}: Invalid value: ${JSON.stringify(asked ?? '')}: must match metadata.namespace`,
        );
      }
      return accessAnswer(spec, subjectOf(body), authorize);
    },
  },
  {
    ...authorization,
    kind: 'SelfSubjectRulesReview',
    plural: 'selfsubjectrulesreviews',
    singular: 'selfsubjectrulesreview',
    answer: (body, { user, rulesOf }) => {
      const spec = recordAt(body, 'spec');
      const { namespace } = spec;
      if (typeof namespace !== 'string' || namespace === '') {
        refuse(400, 'BadRequest', 'no namespace on request: spec.namespace says where the rules are to hold');
      }
      const rules = rulesOf(user, namespace);
      const isOfPaths = ({ nonResourceURLs = [] }: PolicyRule) => nonResourceURLs.length > 0;
      return {
        spec,
        status: {
          resourceRules: rules.filter((rule) => !isOfPaths(rule)),
          nonResourceRules: rules.filter(isOfPaths),
          incomplete: false,
        },
      };
    },
  },
];

/** A review with its answer. */
export function answerReview(review: Review, body: unknown, context: ReviewContext): object {
  const { group, version, kind } = review;
  const { namespace } = context;
  const metadata = { ...(namespace && { namespace }), creationTimestamp: timestamp() };
  return { kind, apiVersion: `${group}/${version}`, metadata, ...review.answer(body, context) };
}

function accessAnswer(spec: Record<string, unknown>, user: User, authorize: Authorizer) {
  const allowed = authorize(user, attributesOf(spec));
  return { spec, status: allowed ? { allowed: true, reason: allowed.reason } : { allowed: false } };
}

function userInfoOf({ name, uid, groups, extra }: User) {
  return { username: name, ...(uid && { uid }), groups, ...(extra && { extra }) };
}

/** Whom a review is about. */
function subjectOf(body: unknown): User {
  const spec = recordAt(body, 'spec');
  const { user: name } = spec;
  const groups = texts(spec['groups']);
  if ((typeof name !== 'string' || name === '') && groups.length === 0) {
    refuse(422, 'Invalid', 'spec.user: Invalid value: "": at least one of user or group must be specified');
  }
  return { name: typeof name === 'string' ? name : '', groups };
}

function attributesOf(spec: Record<string, unknown>): Attributes {
  const path = recordAt(spec, 'nonResourceAttributes');
  if (typeof path['path'] === 'string') {
    return { verb: typeof path['verb'] === 'string' ? path['verb'] : '', path: path['path'] };
  }
  const resource = recordAt(spec, 'resourceAttributes');
  if (typeof resource['resource'] !== 'string') {
    refuse(422, 'Invalid', 'spec: exactly one of nonResourceAttributes or resourceAttributes must be specified');
  }
  const text = (key: string) => (typeof resource[key] === 'string' ? resource[key] : undefined);
  return {
    verb: text('verb') ?? '',
    group: text('group') ?? '',
    resource: resource['resource'],
    subresource: text('subresource'),
    namespace: text('namespace'),
    name: text('name'),
  };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function recordAt(value: unknown, key: string): Record<string, unknown> {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
}
