import type * as z from 'zod';
import type { Column, Kind } from '../kind.ts';
import type { KubeObject } from '../object.ts';

type Given<T extends KubeObject> = Pick<Kind<T>, 'group' | 'version' | 'kind' | 'plural' | 'description'> &
  Partial<Omit<Kind<T>, 'schema'>> & { readonly schema: z.ZodType<T> };

/** A column that kubectl prints as an age. */
export function ageColumn<T extends KubeObject>(): Column<T> {
  return {
    name: 'Age',
    type: 'date',
    description: 'Time since the object was created.',
    value: (object) => object.metadata.creationTimestamp ?? undefined,
  };
}

/** A text column. */
export function column<T>(
  name: string,
  description: string,
  value: Column<T>['value'],
  options: { readonly wide?: boolean; readonly type?: Column<T>['type'] } = {},
): Column<T> {
  return { name, type: options.type ?? 'string', description, value, priority: options.wide ? 1 : 0 };
}

/** Completes the description of a kind with what most kinds share: cluster-scoped, a status, name and age columns. */
export function defineKind<T extends KubeObject>(given: Given<T>): Kind<T> {
  const name: Column<T> = {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'Name of the object.',
    value: (object) => object.metadata.name,
  };
  return {
    singular: given.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: false,
    hasStatus: false,
    hasGeneration: false,
    writable: true,
    selectable: {},
    ...given,
    columns: [name, ...(given.columns ?? []), ageColumn<T>()],
  };
}
