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

/** What an agent needs to see: of Volumes and Snapshots those that carry the label of its node. */
export function viewsOf(node: string): Readonly<Record<string, string>> {
  const own = `${topologyKey}=${labelOf(node)}`;
  return { [resourceOf(volumes)]: own, [resourceOf(snapshots)]: own };
}

/** Ensures that the object carries the label of that node; writes nothing if it does. */
export async function ensureNodeLabel<T extends KubeObject>(
  api: Api,
  kind: Kind<T>,
  { metadata: { name, labels } }: T,
  node: string,
): Promise<void> {
  if (labels?.[topologyKey] === labelOf(node)) return;
  await api.patch(kind, { name }, { type: 'merge', body: { metadata: { labels: nodeLabel(node) } } });
}

function labelOf(node: string): string {
  if (node.length <= longestLabel) return node;
  return createHash('sha256').update(node).digest('hex').slice(0, longestLabel);
}
