import { fail } from '../../lib/errors.ts';
import { own } from '../../lib/own.ts';
import type { Node, PersistentVolume } from '../../model/kinds/core.ts';
import type { CSINode, StorageClass } from '../../model/kinds/storage.ts';

/** A class that names more is a mistake: every claim would be asked for in each of them. */
const mostPlaces = 10_000;

/** Where a volume may be reached from: label keys and their values. */
export type Segments = Readonly<Record<string, string>>;

/** What CreateVolume is asked for: one of the requisite places, the first of the preferred if it can be. */
export interface TopologyRequirement {
  readonly requisite: readonly Segments[];
  readonly preferred: readonly Segments[];
}

/** A node with the topology keys that a driver reported for it. */
export interface NodeTopology {
  readonly node: string;
  readonly segments: Segments;
}

/**
 * The topology of each node that has the driver, from the node's labels; a node that lacks a label yet is left out.
 */
export function nodeTopologies(
  driver: string,
  csiNodes: Iterable<CSINode>,
  nodeOf: (name: string) => Node | undefined,
): NodeTopology[] {
  const found: NodeTopology[] = [];
  for (const { metadata, spec } of csiNodes) {
    const keys = spec.drivers?.find(({ name }) => name === driver)?.topologyKeys ?? [];
    const labels = nodeOf(metadata.name)?.metadata.labels ?? {};
    if (keys.length === 0 || keys.some((key) => own(labels, key) === undefined)) continue;
    found.push({
      node: metadata.name,
      segments: Object.fromEntries([...keys].sort().map((key) => [key, own(labels, key) ?? ''])),
    });
  }
  return found;
}

/**
 * The places that a class allows: for each of its terms, each combination of its values.
 * Throws `invalid` if these are more than anybody has.
 * https://kubernetes.io/docs/concepts/storage/storage-classes/#allowed-topologies
 */
export function allowedSegments(allowed: StorageClass['allowedTopologies']): Segments[] {
  const places = (allowed ?? [])
    .map(({ matchLabelExpressions = [] }) => matchLabelExpressions.reduce((all, { values }) => all * values.length, 1))
    .reduce((all, some) => all + some, 0);
  if (places > mostPlaces) {
    fail('invalid', `the class's allowedTopologies name ${places} places, and at most ${mostPlaces} are looked at`);
  }
  return (allowed ?? []).flatMap(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.reduce<Segments[]>(
      (combinations, { key, values }) =>
        combinations.flatMap((segments) => values.map((value) => ({ ...segments, [key]: value }))),
      [{}],
    ),
  );
}

/**
 * The requirement for one claim. With a selected node, that node's place comes first and must be among the allowed;
 * without one, the claim's name decides which place comes first, so that many claims spread and a claim's retries
 * don't. Undefined if there is nothing to require. Throws `invalid` if the selected node is not allowed, `not-ready`
 * if it is not known yet.
 */
export function accessibility(wish: {
  readonly claim: string;
  readonly selectedNode: string | undefined;
  readonly allowed: StorageClass['allowedTopologies'];
  readonly nodes: readonly NodeTopology[];
}): TopologyRequirement | undefined {
  const allowed = uniquePlaces(allowedSegments(wish.allowed));
  const places = allowed.length > 0 ? allowed : uniquePlaces(wish.nodes.map(({ segments }) => segments));
  if (wish.selectedNode === undefined) {
    if (places.length === 0) return undefined;
    return { requisite: places, preferred: rotate(places, spread(wish.claim) % places.length) };
  }
  const selected =
    wish.nodes.find(({ node }) => node === wish.selectedNode)?.segments ??
    fail('not-ready', `the selected node ${wish.selectedNode} does not run the driver yet, or lacks its labels`);
  const first = places.findIndex((place) => contains(selected, place));
  if (first < 0) {
    fail(
      'invalid',
      `the selected node ${wish.selectedNode} (${describe(selected)}) is in none of the class's allowedTopologies`,
    );
  }
  return { requisite: places, preferred: rotate(places, first) };
}

/** The nodeAffinity of a volume that is reached from these places only; undefined if it is reached from anywhere. */
export function nodeAffinity(accessible: readonly Segments[]): PersistentVolume['spec']['nodeAffinity'] {
  const terms = accessible
    .filter((segments) => Object.keys(segments).length > 0)
    .map((segments) => ({
      matchExpressions: Object.keys(segments)
        .sort()
        .map((key) => ({ key, operator: 'In' as const, values: [segments[key] ?? ''] })),
    }));
  return terms.length > 0 ? { required: { nodeSelectorTerms: terms } } : undefined;
}

/** True if the node's segments are within a place, which may name fewer keys. */
function contains(segments: Segments, place: Segments): boolean {
  return Object.entries(place).every(([key, value]) => own(segments, key) === value);
}

function describe(segments: Segments): string {
  return Object.keys(segments)
    .sort()
    .map((key) => `${key}=${segments[key]}`)
    .join(',');
}

/** Each place once, in an order that does not change. */
export function uniquePlaces(places: readonly Segments[]): Segments[] {
  const byText = new Map(places.map((place) => [describe(place), place]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, place]) => place);
}

function rotate<T>(items: readonly T[], first: number): T[] {
  return [...items.slice(first), ...items.slice(0, first)];
}

/** A number from a claim's name; claims of a stateful set (`data-0`, `data-1` …) get neighbouring ones. */
function spread(claim: string): number {
  const [, base = claim, ordinal = '0'] = /^(.*)-(\d{1,9})$/.exec(claim) ?? [];
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(base)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash + Number(ordinal);
}
