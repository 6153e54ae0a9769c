import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { exec } from '../../../src/lib/exec.ts';
import { tool } from '../tools/build.ts';

/** A container of a pod, as far as the tests look at it. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly resources?: { readonly requests?: Record<string, string> };
  readonly livenessProbe?: object;
  readonly readinessProbe?: object;
  readonly securityContext?: {
    readonly privileged?: boolean;
    readonly allowPrivilegeEscalation?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[] };
  };
  readonly volumeMounts?: readonly { readonly mountPath: string; readonly mountPropagation?: string }[];
}

/** The pods of a workload. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly priorityClassName?: string;
  readonly tolerations?: readonly object[];
  readonly nodeSelector?: Record<string, string>;
  readonly securityContext?: { readonly runAsNonRoot?: boolean; readonly seccompProfile?: { readonly type: string } };
  readonly volumes?: readonly { readonly hostPath?: { readonly path: string } }[];
}

/** What somebody may do. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** An object of the rendered chart. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly annotations?: Record<string, string>;
  };
  readonly spec?: Readonly<Record<string, unknown>> & { readonly template?: { readonly spec: PodSpec } };
  readonly rules?: readonly Rule[];
  readonly parameters?: Record<string, string>;
  readonly volumeBindingMode?: string;
}

/** The chart's folder. */
export const chart = join(import.meta.dirname, '../../../deploy/chart');

/** What the chart makes of some values, without a cluster. Throws what Helm says if it refuses them. */
export async function render(values: object = {}): Promise<Manifest[]> {
  const args = ['template', 'moorage', chart, '--namespace=moorage', '--kube-version=1.34.0', '--values=-'];
  const { stdout } = await exec([await tool('helm'), ...args], { input: JSON.stringify(values) });
  return parseAllDocuments(stdout).flatMap((document): Manifest[] => document.toJS() ?? []);
}

/** The one object of a kind and name. */
export function find(objects: readonly Manifest[], kind: string, name: string): Manifest {
  const found = objects.filter((it) => it.kind === kind && it.metadata.name === name);
  if (found.length !== 1 || !found[0]) throw new Error(`there are ${found.length} objects ${kind}/${name}`);
  return found[0];
}

/** The containers of a workload. */
export function containersOf({ spec }: Manifest): readonly Container[] {
  return spec?.template?.spec.containers ?? [];
}

/** Everything that the rules allow: `verb resource.group`, with the names that it is confined to. */
export function rightsOf(...roles: readonly Manifest[]): Set<string> {
  const rights = roles.flatMap(({ rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => {
            const what = group ? `${resource}.${group}` : resource;
            return resourceNames ? `${verb} ${what} ${resourceNames.join(',')}` : `${verb} ${what}`;
          }),
        ),
      ),
    ),
  );
  return new Set(rights);
}
