import * as z from 'zod';
import { type Column, type Kind, resourceOf } from './kind.ts';

/** A node of JSON Schema. */
export interface Schema {
  [key: string]: unknown;
  type?: string;
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema | boolean;
  required?: string[];
}

const quantityPattern = '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?[0-9]+))?$';

/** What may be written as an object of the kind, as a structural schema: what a CustomResourceDefinition takes. */
export function structuralSchema(kind: Kind): Schema {
  const schema = z.toJSONSchema(kind.schema, {
    io: 'input',
    target: 'openapi-3.0',
    unrepresentable: 'any',
    reused: 'inline',
  }) as Schema;
  const { properties = {}, required = [], 'x-kubernetes-validations': rules } = structural(schema);
  const { metadata: _, ...rest } = properties;
  const needed = required.filter((name) => !['apiVersion', 'kind', 'metadata'].includes(name));
  return {
    description: kind.description,
    type: 'object',
    ...(needed.length > 0 ? { required: needed } : {}),
    ...(rules === undefined ? {} : { 'x-kubernetes-validations': rules }),
    properties: { ...rest, apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' } },
  };
}

/** Groups of the Kubernetes project are refused without the place where it approved them. */
const approval = { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-csi/external-snapshotter/pull/814' };

/** The CustomResourceDefinition that serves the kind in a real Kubernetes. */
export function crdOf(kind: Kind): object {
  const { group, version, plural, singular, shortNames, categories } = kind;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: resourceOf(kind), ...(group.endsWith('.k8s.io') ? { annotations: approval } : {}) },
    spec: {
      group,
      scope: kind.namespaced ? 'Namespaced' : 'Cluster',
      names: { kind: kind.kind, listKind: `${kind.kind}List`, plural, singular, shortNames, categories },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          ...(kind.hasStatus ? { subresources: { status: {} } } : {}),
          additionalPrinterColumns: kind.columns.flatMap(printerColumn),
          schema: { openAPIV3Schema: structuralSchema(kind) },
        },
      ],
    },
  };
}

/** The name column comes by itself; one whose value no JSONPath gives is left out. */
function printerColumn({ name, type, description, priority, path }: Column<never>): object[] {
  const jsonPath = name === 'Age' ? '.metadata.creationTimestamp' : path;
  if (jsonPath === undefined) return [];
  return [{ name, type, description, jsonPath, ...(priority ? { priority } : {}) }];
}

function structural(schema: Schema): Schema {
  const { properties, items, additionalProperties, ...rest } = schema;
  const about = rest.description === undefined ? {} : { description: rest.description };
  if (rest['format'] === 'quantity') return { ...about, ...intOrString(rest['nullable']) };
  if (Object.keys(rest).length === Object.keys(about).length && !properties && !items) {
    return { ...about, 'x-kubernetes-preserve-unknown-fields': true };
  }
  if (rest.type === 'integer') return { ...withoutSafeBounds(rest), format: 'int64' };
  if (rest['format'] === 'int64') return { ...rest, type: 'integer' };
  const open = typeof additionalProperties === 'object' && Object.keys(additionalProperties).length === 0;
  return {
    ...rest,
    ...(properties ? { properties: mapValues(properties, structural) } : {}),
    ...(items ? { items: structural(items) } : {}),
    ...(open ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
    ...(typeof additionalProperties === 'object' && !open
      ? { additionalProperties: structural(additionalProperties) }
      : {}),
  };
}

function intOrString(nullable: unknown): Schema {
  return {
    ...(nullable ? { nullable: true } : {}),
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    pattern: quantityPattern,
    'x-kubernetes-int-or-string': true,
  };
}

/** zod bounds integers to what JavaScript counts exactly, which says nothing. */
function withoutSafeBounds(schema: Schema): Schema {
  const bounds = { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
  return Object.fromEntries(
    Object.entries(schema).filter(([key, value]) => value !== bounds[key as keyof typeof bounds]),
  );
}

function mapValues<T>(values: Record<string, T>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]));
}
