/**
 * Writes deploy/moorage.yaml, for `kubectl apply -f`: what the chart makes of its defaults, and the namespace. With
 * --check, writes nothing and fails if it says something else. Helm is built, unless the tests have it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { messageOf } from '../src/lib/errors.ts';
import { exec } from '../src/lib/exec.ts';
import { tool } from '../test/kube/tools/build.ts';

const root = join(import.meta.dirname, '..');
const namespace = 'moorage';

/** The committed file. */
export const manifestPath = join(root, 'deploy/moorage.yaml');

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/**
 * The objects of deploy/moorage.yaml. What Helm alone reads is not in them; nor is the class of snapshots, whose kind
 * kubectl does not know before the file is applied.
 */
export async function manifest(): Promise<object[]> {
  const helm = await tool('helm', { say: (text) => console.error(`manifest: ${text}`) });
  const options = [`--namespace=${namespace}`, '--no-hooks', '--kube-version=1.34.0'];
  const { stdout } = await exec([helm, 'template', 'moorage', join(root, 'deploy/chart'), ...options]);
  const objects = parseAllDocuments(stdout).flatMap((document): Manifest[] => document.toJS() ?? []);
  return [namespaceObject(), ...objects.filter(({ kind }) => kind !== 'VolumeSnapshotClass').map(withoutHelm)];
}

/** The agents are privileged, which a namespace has to allow. */
function namespaceObject(): object {
  const labels = { 'pod-security.kubernetes.io/enforce': 'privileged' };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } };
}

function withoutHelm<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withoutHelm) as T;
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key]) => !key.startsWith('helm.sh/') && key !== 'app.kubernetes.io/managed-by',
  );
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutHelm(inner)])) as T;
}

/** The objects of the committed file. */
export async function committedManifest(): Promise<unknown[]> {
  const text = await readFile(manifestPath, 'utf8').catch(() => '');
  return parseAllDocuments(text).map((document) => document.toJS());
}

if (import.meta.main) {
  try {
    const objects = await manifest();
    if (process.argv.includes('--check')) {
      const same = JSON.stringify(objects) === JSON.stringify(await committedManifest());
      if (!same) console.error('deploy/moorage.yaml is older than the chart: npm run generate');
      process.exitCode = same ? 0 : 1;
    } else {
      const documents = objects.map((it) => stringify(it, { aliasDuplicateObjects: false, lineWidth: 120 }));
      await writeFile(manifestPath, `# Made from deploy/chart by scripts/manifest.ts.\n${documents.join('---\n')}`);
    }
  } catch (error) {
    console.error(`manifest: ${messageOf(error)}`);
    process.exitCode = 1;
  }
}
