import { classParameters } from './class-parameters.ts';
import { type Schema, structuralSchema } from './crd.ts';
import { apiVersionOf, type Kind } from './kind.ts';
import { driverName } from './kinds/moorage/shared.ts';

/** The reference page of some kinds, in Markdown: what each is for, how it is called, and its fields. */
export function referencePage(ours: readonly Kind[], others: readonly Kind[]): string {
  return `${[
    '# Reference',
    'This page is made from the sources by `npm run generate`. What each object does in a life is told in the guide.',
    `## Moorage's own objects\nThey are of \`${apiVersionOf(ours[0] ?? { group: '', version: '' })}\`. \`kubectl get moorage\` lists them.`,
    ...ours.map(kindSection),
    `## Parameters of a StorageClass\nOf one whose provisioner is \`${driverName}\`. Those of the callers of CSI (\`csi.storage.k8s.io/…\`) may stand beside them; any other is refused.`,
    parameterTable(),
    "## Kubernetes' objects\nThey have Kubernetes' own fields, defaults and rules: see `kubectl explain` and Kubernetes' reference.",
    overview(others),
  ].join('\n\n')}\n`;
}

function parameterTable(): string {
  const lines = Object.entries(classParameters.shape).map(
    ([name, { description = '' }]) => `| \`${name}\` | ${description} |`,
  );
  return ['| parameter | meaning |', '| --- | --- |', ...lines].join('\n');
}

function kindSection(kind: Kind): string {
  const { spec, status } = structuralSchema(kind).properties ?? {};
  const called = [kind.plural, ...kind.shortNames].map((name) => `\`${name}\``).join(', ');
  return [
    `### ${kind.kind}\n${kind.description} ${kind.namespaced ? 'In a namespace' : 'Cluster-wide'}; called ${called}.`,
    ...(spec ? [table('spec', spec)] : []),
    ...(status ? [table('status', status)] : []),
  ].join('\n\n');
}

function table(name: string, schema: Schema): string {
  return ['| field | type | meaning |', '| --- | --- | --- |', ...rows(name, schema)].join('\n');
}

function rows(path: string, schema: Schema): string[] {
  if (path.endsWith('.conditions'))
    return [row(path, 'list', {}, 'Conditions, as Kubernetes has them; `Ready` is among them.')];
  const fields = schema.items?.properties ?? schema.properties;
  const prefix = schema.items ? `${path}[]` : path;
  const required = schema.items?.required ?? schema.required ?? [];
  const inner = Object.entries(fields ?? {}).flatMap(([name, field]) => {
    const [first = '', ...more] = rows(`${prefix}.${name}`, field);
    return [required.includes(name) ? first.replace('` |', '` (required) |') : first, ...more];
  });
  const own = path.includes('.') ? [row(path, typeOf(schema), schema)] : [];
  return [...own, ...inner];
}

function row(path: string, type: string, schema: Schema, meaning = meaningOf(schema)): string {
  return `| \`${path}\` | ${type} | ${meaning.replaceAll('|', '\\|')} |`;
}

function typeOf(schema: Schema): string {
  const choices = schema['enum'];
  if (Array.isArray(choices)) return choices.map((choice) => `\`${choice}\``).join(', ');
  if (schema['x-kubernetes-int-or-string']) return 'quantity';
  if (schema.items) return schema.items.properties ? 'list' : `list of ${typeOf(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') return `map to ${typeOf(schema.additionalProperties)}`;
  return schema.type ?? 'anything';
}

function meaningOf(schema: Schema): string {
  const preset = schema['default'];
  const plain = preset === undefined || typeof preset === 'object' ? '' : `Default \`${preset}\`.`;
  return [schema.description ?? '', plain].filter(Boolean).join(' ');
}

function overview(kinds: readonly Kind[]): string {
  const lines = kinds.map((kind) => {
    const names = [kind.plural, ...kind.shortNames].map((name) => `\`${name}\``).join(', ');
    return `| ${kind.kind} | \`${apiVersionOf(kind)}\` | ${names} | ${kind.description} |`;
  });
  return ['| kind | version | called | for |', '| --- | --- | --- | --- |', ...lines].join('\n');
}
