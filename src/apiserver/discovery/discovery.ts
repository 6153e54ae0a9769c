import { apiVersionOf, type Kind } from '../../model/kind.ts';

/** A resource that is served without objects behind it: one may only create it, and gets an answer. */
export interface VirtualResource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames?: readonly string[];
  /** Default false. */
  readonly namespaced?: boolean;
}

type Served = Kind | VirtualResource;

const readVerbs = ['get', 'list', 'watch'];
const allVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const statusVerbs = ['get', 'patch', 'update'];

/** What is served, in the forms in which clients ask for it. https://kubernetes.io/docs/concepts/overview/kubernetes-api/ */
export class Discovery {
  readonly #served: readonly Served[];

  constructor(served: readonly Served[]) {
    this.#served = served;
  }

  /** `/api` */
  coreVersions(): object {
    return { kind: 'APIVersions', versions: this.#versionsOf(''), serverAddressByClientCIDRs: [] };
  }

  /** `/apis` */
  groups(): object {
    return { kind: 'APIGroupList', apiVersion: 'v1', groups: this.groupNames().map((group) => this.group(group)) };
  }

  /** `/apis/GROUP`; undefined if there is no such group. */
  group(name: string): object | undefined {
    const versions = this.#versionsOf(name).map((version) => ({ groupVersion: `${name}/${version}`, version }));
    if (versions.length === 0) return undefined;
    return { kind: 'APIGroup', apiVersion: 'v1', name, versions, preferredVersion: versions[0] };
  }

  /** `/api/VERSION` and `/apis/GROUP/VERSION`; undefined if there is no such version. */
  resources(group: string, version: string): object | undefined {
    const found = this.#of(group, version);
    if (found.length === 0) return undefined;
    return {
      kind: 'APIResourceList',
      apiVersion: 'v1',
      groupVersion: apiVersionOf({ group, version }),
      resources: found.flatMap((one) => [
        resourceEntry(one),
        ...subresourcesOf(one).map(({ subresource, verbs, of }) => ({
          name: `${one.plural}/${subresource}`,
          ...(of && { group: of.group, version: of.version }),
          singularName: '',
          namespaced: isNamespaced(one),
          kind: (of ?? one).kind,
          verbs,
        })),
      ]),
    };
  }

  /** All of `/api` or all of `/apis` in one answer. */
  aggregated(core: boolean, version: 'v2' | 'v2beta1'): unknown {
    return {
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
      metadata: {},
      items: (core ? [''] : this.groupNames()).map((group) => ({
        metadata: { name: group, creationTimestamp: null },
        versions: this.#versionsOf(group).map((name) => ({
          version: name,
          freshness: 'Current',
          resources: this.#of(group, name).map(aggregatedEntry),
        })),
      })),
    };
  }

  /** All groups but the core, each once. */
  groupNames(): string[] {
    return [...new Set(this.#served.map(({ group }) => group))].filter((group) => group !== '').sort();
  }

  #versionsOf(group: string): string[] {
    return [...new Set(this.#served.filter((one) => one.group === group).map(({ version }) => version))];
  }

  #of(group: string, version: string): Served[] {
    return this.#served.filter((one) => one.group === group && one.version === version);
  }
}

function resourceEntry(one: Served) {
  const { shortNames = [], categories = [] }: Partial<Kind> = one;
  return {
    name: one.plural,
    singularName: one.singular,
    namespaced: isNamespaced(one),
    kind: one.kind,
    verbs: verbsOf(one),
    ...(shortNames.length > 0 ? { shortNames } : {}),
    ...(categories.length > 0 ? { categories } : {}),
  };
}

function aggregatedEntry(one: Served) {
  const { name, singularName, namespaced, verbs, ...names } = resourceEntry(one);
  const responseKind = { group: one.group, version: one.version, kind: one.kind };
  const subresources = subresourcesOf(one).map(({ of, ...sub }) => ({ ...sub, responseKind: of ?? responseKind }));
  return {
    resource: name,
    responseKind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singularName,
    verbs,
    ...('shortNames' in names ? { shortNames: names.shortNames } : {}),
    ...('categories' in names ? { categories: names.categories } : {}),
    ...(subresources.length > 0 ? { subresources } : {}),
  };
}

function isNamespaced(one: Served): boolean {
  return one.namespaced ?? false;
}

function verbsOf(one: Served): string[] {
  if (!('schema' in one)) return ['create'];
  return one.writable ? allVerbs : readVerbs;
}

interface Subresource {
  readonly subresource: string;
  readonly verbs: string[];
  /** What is created there, where that is of another kind. */
  readonly of?: { readonly group: string; readonly version: string; readonly kind: string };
}

/** What TokenRequest is called; it is a subresource of a ServiceAccount. */
export const tokenRequestKind = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  plural: 'tokenrequests',
  singular: 'tokenrequest',
} as const;

function subresourcesOf(one: Served): Subresource[] {
  if (!('schema' in one) || !one.writable) return [];
  const { group, version, kind } = tokenRequestKind;
  return [
    ...(one.group === '' && one.plural === 'namespaces' ? [{ subresource: 'finalize', verbs: ['update'] }] : []),
    ...(one.group === '' && one.plural === 'serviceaccounts'
      ? [{ subresource: 'token', verbs: ['create'], of: { group, version, kind } }]
      : []),
    ...(one.hasStatus ? [{ subresource: 'status', verbs: statusVerbs }] : []),
  ];
}
