import type { PolicyRule } from '../../../model/kinds/rbac.ts';
import type { Attributes } from '../authorization.ts';

const all = '*';

/** True if a rule allows that, as RBAC in Kubernetes reads it (`RuleAllows` of its plugin/pkg/auth/authorizer/rbac). */
export function ruleAllows(rule: PolicyRule, asked: Attributes): boolean {
  if (!has(rule.verbs, asked.verb)) return false;
  if ('path' in asked) return (rule.nonResourceURLs ?? []).some((url) => urlMatches(url, asked.path));
  const { apiGroups = [], resources = [], resourceNames = [] } = rule;
  return (
    has(apiGroups, asked.group) &&
    resources.some((resource) => resourceMatches(resource, asked.resource, asked.subresource ?? '')) &&
    (resourceNames.length === 0 || resourceNames.includes(asked.name ?? ''))
  );
}

function has(values: readonly string[], value: string): boolean {
  return values.includes(all) || values.includes(value);
}

function resourceMatches(rule: string, resource: string, subresource: string): boolean {
  if (rule === all) return true;
  if (subresource === '') return rule === resource;
  return rule === `${resource}/${subresource}` || rule === `*/${subresource}`;
}

function urlMatches(rule: string, path: string): boolean {
  if (rule === all || rule === path) return true;
  return rule.endsWith(all) && path.startsWith(rule.replace(/\*+$/, ''));
}

/**
 * What the rules of `wanted` allow and those of `held` do not: for each group, resource, name and verb one rule, or
 * for each URL and verb. Empty if who has `held` may hand out `wanted`.
 */
export function notCovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(singles).filter((single) => !held.some((rule) => covers(rule, single)));
}

/** A rule as rules for one verb on one thing each. */
function singles({ verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] }: PolicyRule) {
  const broken: PolicyRule[] = [];
  for (const group of apiGroups)
    for (const resource of resources)
      for (const verb of verbs) {
        const single = { verbs: [verb], apiGroups: [group], resources: [resource] };
        if (resourceNames.length === 0) broken.push(single);
        else for (const name of resourceNames) broken.push({ ...single, resourceNames: [name] });
      }
  for (const url of nonResourceURLs) for (const verb of verbs) broken.push({ verbs: [verb], nonResourceURLs: [url] });
  return broken;
}

function covers(rule: PolicyRule, { verbs, ...single }: PolicyRule): boolean {
  if (!verbs.every((verb) => has(rule.verbs, verb))) return false;
  const { apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  if (single.nonResourceURLs) {
    return single.nonResourceURLs.every((url) => nonResourceURLs.some((own) => urlMatches(own, url)));
  }
  const names = single.resourceNames ?? [];
  return (
    (single.apiGroups ?? []).every((group) => has(apiGroups, group)) &&
    (single.resources ?? []).every((resource) => resources.some((own) => resourceCovers(own, resource))) &&
    (resourceNames.length === 0 || (names.length > 0 && names.every((name) => resourceNames.includes(name))))
  );
}

function resourceCovers(own: string, resource: string): boolean {
  if (own === all || own === resource) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && own === `*${resource.slice(slash)}`;
}

/** Single rules as Kubernetes writes them in a refusal: those that differ in their verb only in one, a line each. */
export function ruleLines(rules: readonly PolicyRule[]): string[] {
  const merged = new Map<string, PolicyRule>();
  for (const { verbs, ...rest } of rules) {
    const key = JSON.stringify(rest);
    merged.set(key, { ...rest, verbs: [...(merged.get(key)?.verbs ?? []), ...verbs] });
  }
  return [...merged.values()].map(ruleText).sort();
}

function ruleText({ apiGroups, resources, nonResourceURLs, resourceNames, verbs }: PolicyRule): string {
  const parts = { APIGroups: apiGroups, Resources: resources, NonResourceURLs: nonResourceURLs };
  const named = Object.entries({ ...parts, ResourceNames: resourceNames, Verbs: verbs });
  return `{${named.flatMap(([name, values]) => (values?.length ? [`${name}:${goList(values)}`] : [])).join(', ')}}`;
}

/** A list of texts as Go's %q prints it. */
export function goList(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}
