import type { TopologyRequirement } from '../csi/protocol/csi_pb.ts';
import { fail } from '../lib/errors.ts';
import { topologyKey } from '../model/kinds/moorage.ts';

/** Where a volume may be, and where it should rather be. Undefined means: anywhere. */
export interface Whereabouts {
  readonly nodes: readonly string[] | undefined;
  readonly preferredNodes: readonly string[] | undefined;
}

/** The nodes of an accessibility requirement. Throws `invalid` if it speaks only of what is not ours. */
export function readTopology(doing: string, requirement: TopologyRequirement | undefined): Whereabouts {
  const nodesOf = (topologies: TopologyRequirement['requisite'] = []) => {
    const nodes = topologies.flatMap(({ segments }) => segments[topologyKey] ?? []);
    if (topologies.length > 0 && nodes.length === 0) {
      fail('invalid', `${doing}: its topology does not say ${topologyKey}, the only key that is known here`);
    }
    return nodes.length > 0 ? [...new Set(nodes)] : undefined;
  };
  return { nodes: nodesOf(requirement?.requisite), preferredNodes: nodesOf(requirement?.preferred) };
}

/** The topology of a node, for responses. */
export function topologyOf(node: string) {
  return { segments: { [topologyKey]: node } };
}
