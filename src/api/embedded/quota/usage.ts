import { own } from '../../../lib/own.ts';
import { type Kind, resourceOf } from '../../../model/kind.ts';
import { type PersistentVolumeClaim, persistentVolumeClaims, type ResourceQuota } from '../../../model/kinds/core.ts';
import type { KubeObject } from '../../../model/object.ts';
import { bytesOf, canonicalQuantity, compareQuantities, formatBytes } from '../../../model/quantity.ts';

/** Kinds of core/v1 that quotas count by their bare name too, as before there was `count/`. */
const byBareName = new Set(['configmaps', 'persistentvolumeclaims', 'pods', 'resourcequotas', 'secrets', 'services']);
const betaClass = 'volume.beta.kubernetes.io/storage-class';

/** So much of what a quota names, in whole units. */
export interface Amount {
  readonly name: string;
  readonly units: bigint;
  /** Whether it is written in powers of 1024. */
  readonly isBinary: boolean;
}

/** An amount as a quantity, in its own notation. */
export function printAmount(units: bigint, isBinary: boolean): string {
  return isBinary ? formatBytes(units) : canonicalQuantity(units.toString());
}

/** What one object takes of a quota, by the names that a quota has for it. */
export function usageOf(kind: Pick<Kind, 'group' | 'plural'>, object: KubeObject): Amount[] {
  const usage = [one(`count/${resourceOf(kind)}`)];
  if (kind.group === '' && byBareName.has(kind.plural)) usage.push(one(kind.plural));
  if (isClaim(kind, object)) addClaim(usage, object);
  return usage;
}

function one(name: string): Amount {
  return { name, units: 1n, isBinary: false };
}

/**
 * Whether an object counts for a quota with these scopes. Of claims, VolumeAttributesClass asks for the class that a
 * claim wants, has, or is on its way to; all other scopes are about pods, and with one of them nothing else counts.
 */
export function isInScope({ spec }: ResourceQuota, kind: Pick<Kind, 'group' | 'plural'>, object: KubeObject): boolean {
  if (!spec?.scopes?.length && !spec?.scopeSelector) return true;
  const expressions = [
    ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists', values: [] })),
    ...expressionsOf(spec?.scopeSelector),
  ];
  if (expressions.length === 0) return true;
  if (!isClaim(kind, object)) return false;
  const classes = attributesClassesOf(object);
  return expressions.every(({ scopeName, operator, values }) => {
    if (scopeName !== 'VolumeAttributesClass') return false;
    switch (operator) {
      case 'Exists':
        return classes.length > 0;
      case 'DoesNotExist':
        return classes.length === 0;
      case 'In':
        return classes.some((name) => values.includes(name));
      case 'NotIn':
        return !classes.some((name) => values.includes(name));
      default:
        return false;
    }
  });
}

function isClaim({ group, plural }: Pick<Kind, 'group' | 'plural'>, _: KubeObject): _ is PersistentVolumeClaim {
  return group === '' && plural === persistentVolumeClaims.plural;
}

/** As Kubernetes' evaluator for claims: a growth that is under way counts until it is given up. */
function addClaim(usage: Amount[], { metadata, spec, status }: PersistentVolumeClaim): void {
  const asked = own(spec.resources?.requests, 'storage');
  const allocated = own(status?.allocatedResources, 'storage');
  const storage = asked && allocated && compareQuantities(allocated, asked) > 0 ? allocated : asked;
  const size = storage && { units: bytesOf(storage), isBinary: storage.endsWith('i') };
  const className = own(metadata.annotations, betaClass) ?? spec.storageClassName;
  const prefix = className && `${className}.storageclass.storage.k8s.io/`;
  if (size) usage.push({ name: 'requests.storage', ...size });
  if (prefix) usage.push(one(`${prefix}persistentvolumeclaims`));
  if (prefix && size) usage.push({ name: `${prefix}requests.storage`, ...size });
}

function attributesClassesOf({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return names.filter((name): name is string => typeof name === 'string' && name !== '');
}

function expressionsOf(selector: unknown): { scopeName: string; operator: string; values: readonly string[] }[] {
  const found = (selector as { readonly matchExpressions?: unknown } | null | undefined)?.matchExpressions;
  if (!Array.isArray(found)) return [];
  return found.map((it: { scopeName?: unknown; operator?: unknown; values?: unknown } | null) => ({
    scopeName: String(it?.scopeName),
    operator: String(it?.operator),
    values: Array.isArray(it?.values) ? it.values.map(String) : [],
  }));
}
