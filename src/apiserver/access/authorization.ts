import { administrators } from '../credentials/pki.ts';
import type { User } from './authentication.ts';

/** What somebody wants to do: to objects, or to a path that is not about objects. */
export type Attributes =
  | {
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource?: string | undefined;
      readonly namespace?: string | undefined;
      readonly name?: string | undefined;
    }
  | { readonly verb: string; readonly path: string };

/** Says yes, or undefined for: not by my rules, ask the next. */
export type Authorizer = (user: User, attributes: Attributes) => { readonly reason: string } | undefined;

/** Allowed if one of several authorizers allows it. */
export function anyOf(authorizers: readonly Authorizer[]): Authorizer {
  return (user, attributes) => {
    for (const authorize of authorizers) {
      const allowed = authorize(user, attributes);
      if (allowed) return allowed;
    }
    return undefined;
  };
}

/** Members of system:masters may do everything. */
export const administratorsMay: Authorizer = (user) =>
  user.groups.includes(administrators) ? { reason: `member of ${administrators}` } : undefined;

/** A refusal, in Kubernetes' words. */
export function refusalOf(user: User, attributes: Attributes): string {
  if ('path' in attributes) return `forbidden: User "${user.name}" cannot ${attributes.verb} path "${attributes.path}"`;
  const { verb, group, resource, subresource, namespace, name } = attributes;
  const what = subresource ? `${resource}/${subresource}` : resource;
  const object = `${group ? `${resource}.${group}` : resource}${name ? ` "${name}"` : ''}`;
  const scope = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope';
  return `${object} is forbidden: User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${scope}`;
}
