import { createHash } from 'node:crypto';
import type { Api } from '../api/api.ts';
import { type Kind, resourceOf } from '../model/kind.ts';
import { snapshots, topologyKey, volumes } from '../model/kinds/moorage.ts';
import type { KubeObject } from '../model/object.ts';

const longestLabel = 63;

/**
 * The label by which a node's agent finds its Volumes and Snapshots without watching those of all nodes. The name of
 * a node may be longer than a label can be.
 */
export function nodeLabel(node: string): Readonly<Record<string, string>> {
  return { [topologyKey]: labelOf(node) };
}

/**
 * The annotation beside that label, for a node whose name is longer: who may write the object is decided by the name
 * itself, which can't be told from a hash.
 */
export function nodeAnnotation(node: string): Readonly<Record<string, string>> {
  return node.length <= longestLabel ? {} : { [topologyKey]: node };
}

/** What an agent needs to see: of Volumes and Snapshots those that carry the label of its node. */
export function viewsOf(node: string): Readonly<Record<string, string>> {
  const own = `${topologyKey}=${labelOf(node)}`;
  return { [resourceOf(volumes)]: own, [resourceOf(snapshots)]: own };
}

/** Ensures that the object carries the label of that node, and the annotation where it needs one; writes nothing if it does. */
export async function ensureNodeLabel<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  { metadata: { name, labels, annotations } }: T,
  node: string,
): Promise<void> {
  const marks = { labels: nodeLabel(node), annotations: nodeAnnotation(node) };
  const has = labels?.[topologyKey] === labelOf(node) && annotations?.[topologyKey] === marks.annotations[topologyKey];
  if (!has) await api.patch(kind, { name }, { type: 'merge', body: { metadata: marks } });
}

function labelOf(node: string): string {
  if (node.length <= longestLabel) return node;
  return createHash('sha256').update(node).digest('hex').slice(0, longestLabel);
}
