/** Checks that imports point down the list of rooms, never up, in a circle or over a fence. Prints what does not. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The rooms of src, from the top down. A room may import what stands behind it. */
export const rooms: readonly string[] = [
  'main.ts',
  'roles',
  'cli',
  'gateways',
  'orchestrator',
  'kubelet',
  'sidecars',
  'driver',
  'csi',
  'volumes',
  'engines',
  'node',
  'apiserver',
  'api',
  'model',
  'lib',
];

/** Places of src that must not import each other: what is left of a fence, what is right of it, and why. */
export interface Fence {
  readonly between: readonly string[];
  readonly and: readonly string[];
  readonly why: string;
}

export const fences: readonly Fence[] = [
  {
    between: ['orchestrator', 'kubelet', 'sidecars'],
    and: ['volumes', 'engines', 'driver'],
    why: 'the orchestrator half works with anybody’s driver, and the storage half under anybody’s orchestrator',
  },
  {
    between: ['sidecars'],
    and: ['model/kinds/moorage', 'model/kinds/moorage.ts', 'model/kinds/index.ts'],
    why: 'callers of CSI know the kinds of Kubernetes only; what else they need comes with a driver’s registration',
  },
];

const importPattern =
  /^(?:import|export)\b[^'";]*?\bfrom\s+'(\.[^']+)'|^import\s+'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm;

/** What is wrong with the imports of some files, given as path → text. Tests may import anything. */
export function wrongImports(files: ReadonlyMap<string, string>): string[] {
  const sources = [...files].filter(([path]) => !path.endsWith('.test.ts'));
  const graph = new Map(sources.map(([path, text]) => [path, importsOf(path, text)]));
  const problems: string[] = [];
  for (const [path, targets] of graph) {
    for (const target of targets) {
      if (!files.has(target)) problems.push(`${path} imports ${target}, which is not there`);
      else if (rank(target) < rank(path)) {
        problems.push(
          `${path} imports ${target}: ${roomOf(path)} must not import ${roomOf(target)}, which is above it`,
        );
      }
      const fence = fences.find((it) => isAcross(it, path, target));
      if (fence) problems.push(`${path} imports ${target}, over a fence: ${fence.why}`);
    }
  }
  return [...problems, ...circles(graph)];
}

function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(importPattern)].map((match) =>
    normalize(join(dirname(path), match[1] ?? match[2] ?? match[3] ?? '')),
  );
}

function roomOf(path: string): string {
  return path.split('/')[1] ?? path;
}

function rank(path: string): number {
  const index = rooms.indexOf(roomOf(path));
  if (index < 0) throw new Error(`${path} is in no room: name the room in scripts/imports.ts, and its place`);
  return index;
}

function isAcross({ between, and }: Fence, path: string, target: string): boolean {
  return (isIn(between, path) && isIn(and, target)) || (isIn(and, path) && isIn(between, target));
}

function isIn(places: readonly string[], path: string): boolean {
  return places.some((place) => path === `src/${place}` || path.startsWith(`src/${place}/`));
}

/** Each circle of imports once, where it is first met. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const at = trail.indexOf(path);
    if (at >= 0) found.push(`a circle of imports: ${[...trail.slice(at), path].join(' > ')}`);
    if (at >= 0 || done.has(path)) return;
    trail.push(path);
    for (const target of graph.get(path) ?? []) visit(target);
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return found;
}

/** Every source file under `src` of the project at `root`. */
export function sourceFiles(root: string): Map<string, string> {
  const paths = globSync('src/**/*.ts', { cwd: root });
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

if (import.meta.main) {
  const problems = wrongImports(sourceFiles(join(import.meta.dirname, '..')));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
