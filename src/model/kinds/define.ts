import type * as z from 'zod';
import type { Column, Kind } from '../kind.ts';
import { type NameRule, validateMetadata } from '../metadata.ts';
import type { KubeObject } from '../object.ts';

type Given<T extends KubeObject> = Pick<Kind<T>, 'group' | 'version' | 'kind' | 'plural' | 'description'> &
  Partial<Omit<Kind<T>, 'schema'>> & {
    readonly schema: z.ZodType<T>;
    /** How the name of an object may look; default `subdomain`. */
    readonly nameRule?: NameRule;
    /** Columns that Kubernetes prints behind the age. */
    readonly columnsAfterAge?: readonly Column<T>[];
    /** The whole table, where Kubernetes' own has no name in front or no age. */
    readonly table?: readonly Column<T>[];
    /** The first column, where Kubernetes prints more than the name. */
    readonly displayName?: (object: T) => string;
  };

/** A column that kubectl prints as an age. */
export function ageColumn<T extends KubeObject>(): Column<T> {
  return {
    name: 'Age',
    type: 'date',
    description: 'Time since the object was created.',
    value: (object) => object.metadata.creationTimestamp ?? undefined,
  };
}

/** A column with the object's name. */
export function nameColumn<T extends KubeObject>(value = (object: T) => object.metadata.name): Column<T> {
  return { name: 'Name', type: 'string', format: 'name', description: 'Name of the object.', value };
}

/** A text column. */
export function column<T>(
  name: string,
  description: string,
  value: Column<T>['value'],
  options: { readonly wide?: boolean; readonly type?: Column<T>['type']; readonly path?: string } = {},
): Column<T> {
  const path = options.path === undefined ? {} : { path: options.path };
  return { name, type: options.type ?? 'string', description, value, priority: options.wide ? 1 : 0, ...path };
}

/**
 * Completes the description of a kind with what most kinds share: cluster-scoped, no status, name and age columns,
 * and the rules for metadata, which come before the kind's own.
 */
export function defineKind<T extends KubeObject>(given: Given<T>): Kind<T> {
  const { nameRule = 'subdomain', columnsAfterAge = [], table, displayName, validate, ...rest } = given;
  const namespaced = given.namespaced ?? false;
  return {
    singular: given.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced,
    hasStatus: false,
    hasGeneration: false,
    writable: true,
    selectable: {},
    ...rest,
    validate: (object, old) => [
      ...validateMetadata({ namespaced, nameRule, builtIn: given.mergeKeys !== undefined }, object, old),
      ...(validate?.(object, old) ?? []),
    ],
    columns: table ?? [nameColumn<T>(displayName), ...(given.columns ?? []), ageColumn<T>(), ...columnsAfterAge],
  };
}
