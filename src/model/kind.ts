import type * as z from 'zod';
import type { KubeObject } from './object.ts';

/** One column of `kubectl get`. */
export interface Column<T> {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date' | 'boolean';
  readonly format?: 'name';
  /** 0 is always shown, 1 only with `-o wide`. */
  readonly priority?: 0 | 1;
  readonly description: string;
  /** JSONPath of the nearest to it that a CRD can print: `.status.phase`. */
  readonly path?: string;
  readonly value: (object: T) => string | number | boolean | undefined;
}

/** What is wrong with one field of an object. */
export interface FieldError {
  /** As Kubernetes writes it: `spec.resources.requests[storage]`. */
  readonly field: string;
  readonly reason:
    | 'FieldValueInvalid'
    | 'FieldValueRequired'
    | 'FieldValueForbidden'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueTooLong';
  /** What follows `field: ` in the text for people: `Required value: at least 1 access mode is required`. */
  readonly message: string;
}

/** All that the API needs to know of a kind of object. */
export interface Kind<T extends KubeObject = KubeObject> {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  /** True if status is a subresource of its own: then a write of one leaves the other alone. */
  readonly hasStatus: boolean;
  /** Whether spec changes count up metadata.generation. Kubernetes' older kinds do not have it. */
  readonly hasGeneration: boolean;
  /** False for what is served only so that clients find it (pods): it lists as empty and can't be written. */
  readonly writable: boolean;
  /** Whether an update of what is not there creates it, as Kubernetes has it for some of its own kinds. */
  readonly updateCreates?: boolean;
  /** Whether a write of the status takes labels, annotations, finalizers and owners with it; so for most of Kubernetes' own. */
  readonly statusTakesMetadata?: boolean;
  /** One or two sentences: what this object is for. */
  readonly description: string;
  /** Validates and types the object; the source of CRDs, OpenAPI and the reference page. */
  readonly schema: z.ZodType<T>;
  readonly columns: readonly Column<T>[];
  /** Fields beside metadata.name and metadata.namespace that a field selector may name. */
  readonly selectable: Readonly<Record<string, (object: T) => string>>;
  /**
   * Merge keys of lists for strategic merge patches, by path without indexes (`status.conditions` → `type`), or ''
   * for a set of plain values. Absent for kinds that Kubernetes serves from CRDs, which take no such patch.
   */
  readonly mergeKeys?: Readonly<Record<string, string>>;
  /** Fills in defaults on a fresh copy, before validation. */
  readonly prepare?: (object: T) => void;
  /** Completes a status that is about to be written over that of `old`. */
  readonly completeStatus?: (object: T, old: T) => T;
  /** Checks that go beyond the schema. `old` is set on updates: what must not change is checked here. */
  readonly validate?: (object: T, old?: T) => FieldError[];
}

/** `group/version`, or the version alone for the core group. */
export function apiVersionOf(kind: { group: string; version: string }): string {
  return kind.group ? `${kind.group}/${kind.version}` : kind.version;
}

/** `plural.group`, or the plural alone for the core group: names a kind among all. */
export function resourceOf(kind: { group: string; plural: string }): string {
  return kind.group ? `${kind.plural}.${kind.group}` : kind.plural;
}
