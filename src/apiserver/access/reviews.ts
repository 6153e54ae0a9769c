import { refuse } from '../../api/status.ts';
import { timestamp } from '../../lib/clock.ts';
import type { VirtualResource } from '../discovery/discovery.ts';
import type { User } from './authentication.ts';
import type { Attributes, Authorizer } from './authorization.ts';

/** A question that is asked by creating an object, whose status is the answer. */
export interface Review extends VirtualResource {
  readonly answer: (body: unknown, user: User, authorize: Authorizer) => Readonly<Record<string, unknown>>;
}

/** Who am I, may I, what may I: `kubectl auth whoami`, `kubectl auth can-i`. */
export const reviews: readonly Review[] = [
  {
    group: 'authentication.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectReview',
    plural: 'selfsubjectreviews',
    singular: 'selfsubjectreview',
    answer: (_body, { name, groups }) => ({ status: { userInfo: { username: name, groups } } }),
  },
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectAccessReview',
    plural: 'selfsubjectaccessreviews',
    singular: 'selfsubjectaccessreview',
    answer: (body, user, authorize) => {
      const spec = recordAt(body, 'spec');
      const allowed = authorize(user, attributesOf(spec));
      return { spec, status: allowed ? { allowed: true, reason: allowed.reason } : { allowed: false } };
    },
  },
  {
    group: 'authorization.k8s.io',
    version: 'v1',
    kind: 'SelfSubjectRulesReview',
    plural: 'selfsubjectrulesreviews',
    singular: 'selfsubjectrulesreview',
    answer: (body, user, authorize) => {
      const all = authorize(user, { verb: '*', group: '*', resource: '*' }) !== undefined;
      const everything = ['*'];
      const resourceRules = all ? [{ verbs: everything, apiGroups: everything, resources: everything }] : [];
      const nonResourceRules = all ? [{ verbs: everything, nonResourceURLs: everything }] : [];
      return { spec: recordAt(body, 'spec'), status: { resourceRules, nonResourceRules, incomplete: !all } };
    },
  },
];

/** A review with its answer. */
export function answerReview(review: Review, body: unknown, user: User, authorize: Authorizer): object {
  const { group, version, kind } = review;
  const base = { kind, apiVersion: `${group}/${version}`, metadata: { creationTimestamp: timestamp() } };
  return { ...base, ...review.answer(body, user, authorize) };
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

function recordAt(value: unknown, key: string): Record<string, unknown> {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  return typeof found === 'object' && found !== null ? (found as Record<string, unknown>) : {};
}
