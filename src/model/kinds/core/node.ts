import * as z from 'zod';
import { condition, objectMeta } from '../../object.ts';
import { column, defineKind } from '../define.ts';
import { capacity, metadataMergeKeys } from '../shared.ts';

const schema = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Node'),
  metadata: objectMeta,
  spec: z.looseObject({ unschedulable: z.boolean().optional() }).optional(),
  status: z
    .looseObject({
      conditions: z.array(condition.extend({ lastHeartbeatTime: z.string().nullish() })).optional(),
      capacity: capacity.optional(),
      allocatable: capacity.optional(),
      nodeInfo: z.record(z.string(), z.unknown()).optional(),
      addresses: z.array(z.object({ type: z.string(), address: z.string() })).optional(),
    })
    .optional(),
});
export type Node = z.infer<typeof schema>;

/** Node, as core/v1 has it. */
export const nodes = defineKind<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  shortNames: ['no'],
  hasStatus: true,
  statusTakesMetadata: true,
  description: 'A machine.',
  schema: schema as z.ZodType<Node>,
  mergeKeys: { ...metadataMergeKeys, 'status.conditions': 'type', 'status.addresses': 'type' },
  selectable: { 'spec.unschedulable': (node) => String(node.spec?.unschedulable ?? false) },
  columns: [
    column('Status', 'Whether it is ready.', statusOf),
    column('Roles', 'What it is for.', (node) => rolesOf(node.metadata.labels).join(',') || '<none>'),
  ],
  columnsAfterAge: [
    column('Version', 'Version of its agent.', (node) => info(node, 'kubeletVersion') ?? ''),
    column('Internal-IP', 'Its address inside.', (node) => address(node, 'InternalIP'), { wide: true }),
    column('External-IP', 'Its address outside.', (node) => address(node, 'ExternalIP'), { wide: true }),
    column('OS-Image', 'Its distribution.', (node) => info(node, 'osImage') ?? '<unknown>', { wide: true }),
    column('Kernel-Version', 'Its kernel.', (node) => info(node, 'kernelVersion') ?? '<unknown>', { wide: true }),
    column(
      'Container-Runtime',
      'What runs its containers.',
      (node) => info(node, 'containerRuntimeVersion') ?? '<unknown>',
      { wide: true },
    ),
  ],
});

function statusOf(node: Node): string {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  const status = !ready ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  return node.spec?.unschedulable ? `${status},SchedulingDisabled` : status;
}

const rolePrefix = 'node-role.kubernetes.io/';

function rolesOf(labels: Readonly<Record<string, string>> = {}): string[] {
  const named = Object.keys(labels).filter((key) => key.startsWith(rolePrefix));
  const roles = [...named.map((key) => key.slice(rolePrefix.length)), labels['kubernetes.io/role'] ?? ''];
  return [...new Set(roles.filter(Boolean))].sort();
}

function info(node: Node, key: string): string | undefined {
  const value = node.status?.nodeInfo?.[key];
  return typeof value === 'string' && value ? value : undefined;
}

function address(node: Node, type: string): string {
  return node.status?.addresses?.find((it) => it.type === type)?.address ?? '<none>';
}
