import type * as z from 'zod';
import { isAmong } from '../../lib/lists.ts';
import { own } from '../../lib/own.ts';
import type { labelSelector, Node, nodeSelector, PersistentVolume, StorageClass } from '../kinds/index.ts';

type Labels = Readonly<Record<string, string>> | undefined;
type NodeTerm = z.infer<typeof nodeSelector>['nodeSelectorTerms'][number];
type Requirement = NonNullable<NodeTerm['matchExpressions']>[number];

/** Whether labels satisfy a label selector; an empty selector is satisfied by all. */
export function matchesLabels(selector: z.infer<typeof labelSelector>, labels: Labels): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => own(labels, key) === value);
  return (
    equal && (selector.matchExpressions ?? []).every((requirement) => holds(requirement, own(labels, requirement.key)))
  );
}

/**
 * Whether a node satisfies a node selector: one of its terms, all requirements of that term. A term without
 * requirements is satisfied by none.
 */
export function matchesNode(selector: z.infer<typeof nodeSelector>, node: Node): boolean {
  return selector.nodeSelectorTerms.some((term) => matchesTerm(term, node));
}

function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every((requirement) => holds(requirement, own(node.metadata.labels, requirement.key))) &&
    matchFields.every((requirement) =>
      holds(requirement, requirement.key === 'metadata.name' ? node.metadata.name : undefined),
    )
  );
}

function holds({ operator, values = [] }: Requirement, actual: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return actual !== undefined && isAmong(values, actual);
    case 'NotIn':
      return actual === undefined || !isAmong(values, actual);
    case 'Exists':
      return actual !== undefined;
    case 'DoesNotExist':
      return actual === undefined;
    case 'Gt':
      return isInteger(actual) && isInteger(values[0]) && BigInt(actual) > BigInt(values[0]);
    case 'Lt':
      return isInteger(actual) && isInteger(values[0]) && BigInt(actual) < BigInt(values[0]);
  }
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^-?\d{1,63}$/.test(text);
}

/** Whether the volume could serve on the node. */
export function reachableFrom(volume: PersistentVolume, node: Node): boolean {
  const required = volume.spec.nodeAffinity?.required;
  return !required || matchesNode(required, node);
}

/** Whether a class lets its volumes be made for a node; without allowedTopologies, every node will do. */
export function allowsNode(storageClass: StorageClass, node: Node): boolean {
  const terms = storageClass.allowedTopologies ?? [];
  if (terms.length === 0) return true;
  return terms.some(({ matchLabelExpressions = [] }) =>
    matchLabelExpressions.every(({ key, values }) => isAmong(values, own(node.metadata.labels, key) ?? '')),
  );
}
