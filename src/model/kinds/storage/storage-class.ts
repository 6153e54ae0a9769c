import * as z from 'zod';
import { repeated } from '../../../lib/lists.ts';
import { whyNotClassParameters } from '../../class-parameters.ts';
import { duplicate, errorsOfEach, forbidden, immutable, invalid, required, same, tooLong } from '../../field-errors.ts';
import type { FieldError } from '../../kind.ts';
import { qualifiedNameErrors } from '../../names.ts';
import { objectMeta, stringMap } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { driverName } from '../moorage/shared.ts';
import { metadataMergeKeys } from '../shared.ts';

const schema = z.object({
  apiVersion: z.literal('storage.k8s.io/v1'),
  kind: z.literal('StorageClass'),
  metadata: objectMeta,
  provisioner: z.string(),
  parameters: stringMap.optional(),
  reclaimPolicy: z.enum(['Retain', 'Delete']).optional(),
  mountOptions: z.array(z.string()).optional(),
  allowVolumeExpansion: z.boolean().optional(),
  volumeBindingMode: z.enum(['Immediate', 'WaitForFirstConsumer']).optional(),
  allowedTopologies: z
    .array(
      z.object({
        matchLabelExpressions: z.array(z.object({ key: z.string(), values: z.array(z.string()) })).optional(),
      }),
    )
    .optional(),
});
export type StorageClass = z.infer<typeof schema>;
/** On a StorageClass with "true": claims that name no class get this one. */
export const defaultClassAnnotation = 'storageclass.kubernetes.io/is-default-class';
const betaDefaultClassAnnotation = 'storageclass.beta.kubernetes.io/is-default-class';

/** True if claims that name no class get this one. */
export function isDefaultClass({ metadata: { annotations = {} } }: StorageClass): boolean {
  return annotations[defaultClassAnnotation] === 'true' || annotations[betaDefaultClassAnnotation] === 'true';
}

/** StorageClass, as storage.k8s.io/v1 has it. */
export const storageClasses = defineKind<StorageClass>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  description: 'A kind of storage that claims can ask for.',
  schema: schema as z.ZodType<StorageClass>,
  mergeKeys: metadataMergeKeys,
  prepare: (it) => {
    it.reclaimPolicy ??= 'Delete';
    it.volumeBindingMode ??= 'Immediate';
  },
  validate: (it, old) => {
    const errors = [
      ...provisionerErrors('provisioner', it.provisioner),
      ...parameterErrors('parameters', it.parameters ?? {}),
      ...topologyErrors(it),
      ...(old ? updateErrors(it, old) : []),
    ];
    // What Kubernetes refuses, it refuses in its own words alone.
    return old || errors.length > 0 ? errors : ownParameterErrors(it);
  },
  displayName: (it) => (isDefaultClass(it) ? `${it.metadata.name} (default)` : it.metadata.name),
  columns: [
    column('Provisioner', 'The driver.', (it) => it.provisioner),
    column('ReclaimPolicy', 'What becomes of a volume when its claim goes.', (it) => it.reclaimPolicy ?? 'Delete'),
    column('VolumeBindingMode', 'When a volume is made.', (it) => it.volumeBindingMode ?? 'Immediate'),
    column('AllowVolumeExpansion', 'Whether claims may grow.', (it) => it.allowVolumeExpansion ?? false),
  ],
});

/** What is wrong with the name of a provisioner. */
export function provisionerErrors(field: string, name: string): FieldError[] {
  if (!name) return [required(field)];
  return qualifiedNameErrors(name.toLowerCase()).map((error) => invalid(field, name, error));
}

const mostParameters = 512;
const parameterBytes = 256 * 1024;

/** What is wrong with the parameters of a class, whoever they are for. */
export function parameterErrors(field: string, parameters: Readonly<Record<string, string>>): FieldError[] {
  const entries = Object.entries(parameters);
  if (entries.length > mostParameters) return [tooLong(field, mostParameters)];
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    ...('' in parameters ? [invalid(field, '', 'field can not be empty.')] : []),
    ...(size > parameterBytes ? [tooLong(field, parameterBytes)] : []),
  ];
}

/** What our own driver would refuse: told when the class is made, and not first by each claim. */
function ownParameterErrors({ provisioner, parameters = {} }: StorageClass): FieldError[] {
  const why = provisioner === driverName ? whyNotClassParameters(parameters) : undefined;
  return why === undefined ? [] : [invalid('parameters', 'object', why)];
}

function topologyErrors({ allowedTopologies = [] }: StorageClass): FieldError[] {
  const terms = repeated(
    allowedTopologies.map(({ matchLabelExpressions = [] }) => JSON.stringify(matchLabelExpressions)),
  );
  return errorsOfEach(allowedTopologies, ({ matchLabelExpressions = [] }, term) => {
    const field = `allowedTopologies[${term}].matchLabelExpressions`;
    if (terms.has(term)) return [duplicate(field, '')];
    const again = repeated(matchLabelExpressions.map(({ key }) => key));
    return errorsOfEach(matchLabelExpressions, ({ key, values }, index) => [
      ...(values.length > 0 ? [] : [required(`${field}[${index}].values`)]),
      ...qualifiedNameErrors(key).map((error) => invalid(`${field}[${index}].key`, key, error)),
      ...(again.has(index) ? [duplicate(`${field}[${index}].key`, key)] : []),
    ]);
  });
}

function updateErrors(it: StorageClass, old: StorageClass): FieldError[] {
  const fixed = ['parameters', 'provisioner', 'reclaimPolicy'] as const;
  return [
    ...fixed
      .filter((field) => !same(it[field], old[field]))
      .map((field) => forbidden(field, `updates to ${field} are forbidden.`)),
    ...immutable('volumeBindingMode', it.volumeBindingMode, old.volumeBindingMode),
  ];
}
