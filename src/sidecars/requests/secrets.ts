import type { Api } from '../../api/api.ts';
import { fail } from '../../lib/errors.ts';
import { secrets } from '../../model/kinds/core.ts';

/** Names a Secret. */
export interface SecretName {
  readonly name: string;
  readonly namespace: string;
}

/** What a class's parameters may name a Secret for; each is a pair of `csi.storage.k8s.io/…-secret-name` keys. */
export const secretPurposes = [
  'provisioner',
  'controller-publish',
  'node-stage',
  'node-publish',
  'controller-expand',
  'node-expand',
  'snapshotter',
  'snapshotter-list',
] as const;
export type SecretPurpose = (typeof secretPurposes)[number];

/** The parameters that name the Secret for a purpose. */
export function secretKeys(purpose: SecretPurpose): { readonly name: string; readonly namespace: string } {
  return {
    name: `csi.storage.k8s.io/${purpose}-secret-name`,
    namespace: `csi.storage.k8s.io/${purpose}-secret-namespace`,
  };
}

/** What `${…}` in a Secret's name or namespace may stand for: by token, `pvc.name` for one. */
export type TemplateValues = Readonly<Record<string, string>>;

/**
 * Fills in `${token}`s. Throws `invalid` for a token that has no value here, and lists those that have.
 * https://kubernetes-csi.github.io/docs/secrets-and-credentials-storage-class.html
 */
export function fillTemplate(template: string, values: TemplateValues): string {
  return template.replaceAll(/\$\{([^}]*)\}/g, (_, token: string) => {
    if (Object.hasOwn(values, token)) return values[token] ?? '';
    const known = Object.keys(values).map((name) => `\${${name}}`);
    return fail(
      'invalid',
      `the secret reference "${template}" uses \${${token}}, which is not known here; known are ${known.join(', ')}`,
    );
  });
}

/**
 * The Secret that a class's parameters name for a purpose, or undefined if they name none. Throws `invalid` if only
 * one half of the pair is there, or a template can't be filled in.
 */
export function secretFor(
  purpose: SecretPurpose,
  parameters: Readonly<Record<string, string>>,
  values: { readonly name: TemplateValues; readonly namespace: TemplateValues },
): SecretName | undefined {
  const keys = secretKeys(purpose);
  const name = parameters[keys.name];
  const namespace = parameters[keys.namespace];
  if (!name && !namespace) return undefined;
  if (!name || !namespace) {
    return fail('invalid', `the class's parameters must name both ${keys.name} and ${keys.namespace}, or neither`);
  }
  return { name: fillTemplate(name, values.name), namespace: fillTemplate(namespace, values.namespace) };
}

/** Tokens for the annotations of a claim: `pvc.annotations['team']`. */
export function annotationTokens(annotations: Readonly<Record<string, string>> | undefined): TemplateValues {
  return Object.fromEntries(
    Object.entries(annotations ?? {}).map(([key, value]) => [`pvc.annotations['${key}']`, value]),
  );
}

/** The content of a Secret, as CSI takes it; nothing for no Secret. Throws `not-found` if there is no such Secret. */
export async function readSecret(api: Api, ref: SecretName | undefined): Promise<Record<string, string>> {
  if (!ref) return {};
  const secret =
    (await api.get(secrets, ref)) ??
    fail('not-found', `the secret ${ref.namespace}/${ref.name} that the driver needs is not there: create it`);
  const data = Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]);
  return { ...Object.fromEntries(data), ...secret.stringData };
}

/** The Secret that a reference of a PersistentVolume names, if it names one. */
export function secretOf(
  ref: { readonly name?: string | undefined; readonly namespace?: string | undefined } | null | undefined,
): SecretName | undefined {
  return ref?.name ? { name: ref.name, namespace: ref.namespace ?? '' } : undefined;
}
