/**
 * Writes the chart's CRDs and docs/reference.md from the model. With --check, writes nothing and fails if they are old.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { crdOf } from '../src/model/crd.ts';
import { resourceOf } from '../src/model/kind.ts';
import {
  allKinds,
  anyKind,
  group,
  inventories,
  pools,
  snapshots,
  volumeSnapshotClasses,
  volumeSnapshotContents,
  volumeSnapshots,
  volumes,
} from '../src/model/kinds/index.ts';
import { referencePage } from '../src/model/reference.ts';

const root = join(import.meta.dirname, '..');

/** What a real Kubernetes is given: the kinds that something answers for there, and those of volume snapshots. */
const installed = [
  anyKind(pools),
  anyKind(volumes),
  anyKind(snapshots),
  anyKind(inventories),
  anyKind(volumeSnapshots),
  anyKind(volumeSnapshotContents),
  anyKind(volumeSnapshotClasses),
];

/** The generated files: path within the project → text. */
export function generatedFiles(): Map<string, string> {
  const ours = allKinds.filter((kind) => kind.group === group);
  const others = allKinds.filter((kind) => kind.group !== group);
  const crds = installed.map((kind): [string, string] => [
    `deploy/chart/files/crds/${resourceOf(kind)}.yaml`,
    `# Made by scripts/reference.ts from src/model.\n${stringify(crdOf(kind), { aliasDuplicateObjects: false, lineWidth: 120 })}`,
  ]);
  return new Map([...crds, ['docs/reference.md', referencePage(ours, others)]]);
}

/** The generated files whose text on disk is not what it would be now. */
export function outdatedFiles(): string[] {
  return [...generatedFiles()].filter(([path, text]) => textOf(path) !== text).map(([path]) => path);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  const outdated = outdatedFiles();
  if (process.argv.includes('--check')) {
    for (const path of outdated) console.error(`${path} is older than src/model: npm run generate`);
    process.exitCode = outdated.length > 0 ? 1 : 0;
  } else {
    const files = generatedFiles();
    for (const path of outdated) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), files.get(path) ?? '');
    }
  }
}
