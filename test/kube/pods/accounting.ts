import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { z } from 'zod';
import { driverName } from '../../../src/model/kinds/moorage.ts';
import { type Cluster, until } from '../cluster/index.ts';
import { apply } from '../pods.ts';

/** The volumes of a namespace's claims, and those of its pods' own. */
export async function volumesOf(cluster: Cluster, namespace: string): Promise<string[]> {
  const [persistent, all] = await Promise.all([persistentVolumes(cluster), volumes(cluster)]);
  const claimed = persistent.flatMap(({ spec }) =>
    spec.claimRef?.namespace === namespace && spec.csi ? spec.csi.volumeHandle : [],
  );
  const inline = all.filter(({ metadata }) => metadata.annotations['moorage.dev/pod']?.startsWith(`${namespace}/`));
  return [...claimed, ...inline.map(({ metadata }) => metadata.name)];
}

/**
 * Waits until volumes are gone without a trace, from the API and from all nodes, and until nothing that is left
 * differs: each Volume has one PersistentVolume or one pod, and the Inventory of all nodes finds nothing.
 */
export async function nothingLeaked(cluster: Cluster, gone: readonly string[], seconds = 90): Promise<void> {
  await until('deleted volumes leave no trace', seconds, async () => {
    const traces = await tracesOf(cluster, gone);
    if (traces.length > 0) throw new Error(traces.join('\n'));
    return true;
  });
  await until('volumes and persistent volumes are the same', seconds, async () => {
    const [persistent, all] = await Promise.all([persistentVolumes(cluster), volumes(cluster)]);
    const handles = persistent.flatMap(({ spec }) => (spec.csi?.driver === driverName ? spec.csi.volumeHandle : []));
    const names = all.flatMap(({ metadata: { name, labels } }) => (labels['moorage.dev/inline'] ? [] : name));
    expect(names.sort()).toEqual(handles.sort());
    return true;
  });
  await until('the Inventory of all nodes says that everything agrees', seconds, async () => {
    expect(await inventory(cluster)).toEqual({ message: 'everything agrees', differences: [] });
    return true;
  });
}

/** What is left of volumes that should be gone, in the API and on the nodes. */
export async function tracesOf(cluster: Cluster, names: readonly string[]): Promise<string[]> {
  if (names.length === 0) return [];
  const has = (text: string) => names.some((name) => text.includes(name));
  const objects = cluster.kubectl(['get', 'persistentvolumes,volumes.moorage.dev', '-o', 'name']);
  const nodes = cluster.nodes.map(async (node) => {
    const { stdout } = await node.exec('sh', '-c', look);
    return stdout.split('\n').map((line) => `${node.name}: ${line}`);
  });
  const lines = [(await objects).split('\n'), ...(await Promise.all(nodes))].flat();
  return lines.filter(has);
}

/** Prints a line for each mount, device and file of a volume on a node; volumes of all clusters have their own names. */
const look = `
  sed 's/^/mount /' /proc/self/mountinfo
  grep -H . /sys/block/loop*/loop/backing_file 2>/dev/null
  ls -d /var/lib/moorage/pools/*/fs/volumes/* /var/lib/moorage/node/* 2>/dev/null
  find /var/lib/kubelet/plugins/kubernetes.io/csi /var/lib/kubelet/pods -maxdepth 4 -name 'pvc-*'
  true`;

const inventorySchema = z.object({
  status: z.object({
    differences: z.array(z.unknown()).default([]),
    conditions: z.array(z.object({ message: z.string() })),
  }),
});

async function inventory(cluster: Cluster): Promise<{ message: string | undefined; differences: unknown[] }> {
  const name = `pods-${randomUUID().slice(0, 8)}`;
  await apply(cluster, { apiVersion: 'moorage.dev/v1alpha1', kind: 'Inventory', metadata: { name }, spec: {} });
  const it = `inventory.moorage.dev/${name}`;
  try {
    await cluster.kubectl(['wait', '--for=jsonpath={.status.completionTime}', it, '--timeout=30s']);
    const { status } = inventorySchema.parse(JSON.parse(await cluster.kubectl(['get', it, '-o', 'json'])));
    return { message: status.conditions[0]?.message, differences: status.differences };
  } finally {
    await cluster.kubectl(['delete', it]);
  }
}

const strings = z.record(z.string(), z.string()).default({});
const metadata = z.object({ name: z.string(), labels: strings, annotations: strings });
const volumeList = z.object({ items: z.array(z.object({ metadata })) });
const persistentVolumeList = z.object({
  items: z.array(
    z.object({
      metadata,
      spec: z.object({
        claimRef: z.object({ namespace: z.string(), name: z.string() }).optional(),
        csi: z.object({ driver: z.string(), volumeHandle: z.string() }).optional(),
      }),
    }),
  ),
});

/** All Volumes. */
export async function volumes(cluster: Cluster): Promise<z.infer<typeof volumeList>['items']> {
  return volumeList.parse(JSON.parse(await cluster.kubectl(['get', 'volumes.moorage.dev', '-o', 'json']))).items;
}

/** All PersistentVolumes. */
export async function persistentVolumes(cluster: Cluster): Promise<z.infer<typeof persistentVolumeList>['items']> {
  const text = await cluster.kubectl(['get', 'persistentvolumes', '-o', 'json']);
  return persistentVolumeList.parse(JSON.parse(text)).items;
}
