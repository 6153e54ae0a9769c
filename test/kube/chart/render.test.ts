import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { committedManifest, manifest } from '../../../scripts/manifest.ts';
import { exec } from '../../../src/lib/exec.ts';
import { tool } from '../tools/build.ts';
import { chart, containersOf, find, type Manifest, type PodSpec, render, rightsOf } from './render.ts';

const read = ['get', 'list', 'watch'];

describe.each(['own', 'upstream'])('the chart with sidecars: %s', (sidecars) => {
  let objects: Manifest[];
  let workloads: Manifest[];
  const podOf = (kind: string, name: string): PodSpec | undefined => find(objects, kind, name).spec?.template?.spec;
  const rolesOf = (account: string) => rightsOf(find(objects, 'ClusterRole', account), find(objects, 'Role', account));

  beforeAll(async () => {
    objects = await render({ sidecars });
    workloads = objects.filter(({ kind }) => ['Deployment', 'DaemonSet', 'Job'].includes(kind));
  });

  it('has each object once, in its own namespace if it has one', () => {
    const hooks = ({ metadata }: Manifest) => metadata.annotations?.['helm.sh/hook'] ?? '';
    const names = objects.map((it) => [it.kind, it.metadata.name, hooks(it)].join(' '));
    expect(names).toEqual([...new Set(names)]);
    const namespaces = new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []));
    expect([...namespaces]).toEqual(['moorage']);
  });

  it('asks for processor time and memory for every container, and looks after those that stay', () => {
    expect(workloads.map(({ kind }) => kind).sort()).toEqual(['DaemonSet', 'Deployment', 'Job']);
    for (const workload of workloads) {
      for (const { name, resources, livenessProbe } of containersOf(workload)) {
        expect(resources?.requests, name).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) });
        if (workload.kind !== 'Job') expect(livenessProbe, name).toBeDefined();
      }
    }
    expect(containersOf(find(objects, 'Deployment', 'moorage-controller'))[0]?.readinessProbe).toBeDefined();
    expect(containersOf(find(objects, 'DaemonSet', 'moorage-agent'))[0]?.readinessProbe).toBeDefined();
  });

  it('gives privileges to the agent alone, and no pod the network or processes of its node', () => {
    for (const workload of workloads) {
      const pod = workload.spec?.template?.spec;
      expect([pod?.hostNetwork, pod?.hostPID]).toEqual([undefined, undefined]);
      for (const { name, securityContext } of containersOf(workload)) {
        expect(securityContext?.readOnlyRootFilesystem, name).toBe(true);
        const isAgent = workload.kind === 'DaemonSet' && name === 'moorage';
        expect(securityContext?.privileged ?? false, name).toBe(isAgent);
        if (isAgent) continue;
        expect(securityContext, name).toMatchObject({
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
      }
      if (workload.kind === 'DaemonSet') continue;
      expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(pod?.volumes?.some(({ hostPath }) => hostPath) ?? false).toBe(false);
    }
  });

  it('runs the agent on every node, and both before what uses them', () => {
    expect(podOf('DaemonSet', 'moorage-agent')).toMatchObject({
      priorityClassName: 'system-node-critical',
      tolerations: [{ operator: 'Exists' }],
      nodeSelector: { 'kubernetes.io/os': 'linux' },
    });
    expect(podOf('Deployment', 'moorage-controller')?.priorityClassName).toBe('system-cluster-critical');
    expect(find(objects, 'PodDisruptionBudget', 'moorage-controller').spec).toMatchObject({ maxUnavailable: 1 });
    expect(find(objects, 'Deployment', 'moorage-controller').spec).toMatchObject({ replicas: 2 });
  });

  it('shows the agent what it mounts on both sides, and else only devices', () => {
    const mounts = containersOf(find(objects, 'DaemonSet', 'moorage-agent'))[0]?.volumeMounts ?? [];
    const both = mounts.filter((it) => it.mountPropagation === 'Bidirectional').map(({ mountPath }) => mountPath);
    expect(both).toEqual(['/var/lib/kubelet', '/var/lib/moorage']);
    expect(mounts.map(({ mountPath }) => mountPath)).toEqual([...both, '/dev', '/tmp']);
  });

  it('lets the agent do what its node needs, and nothing else', () => {
    expect([...rolesOf('moorage-agent')].sort()).toEqual(
      [
        ...[...read, 'create', 'update', 'patch'].map((verb) => `${verb} pools.moorage.dev`),
        ...[...read, 'create', 'update', 'patch', 'delete'].map((verb) => `${verb} volumes.moorage.dev`),
        ...[...read, 'update', 'patch'].map((verb) => `${verb} snapshots.moorage.dev`),
        ...read.map((verb) => `${verb} inventories.moorage.dev`),
        ...['pools', 'volumes', 'snapshots', 'inventories'].flatMap((kind) =>
          ['update', 'patch'].map((verb) => `${verb} ${kind}/status.moorage.dev`),
        ),
        'get nodes',
        // Whether anything still needs data that is to be deleted.
        ...['persistentvolumes', 'volumesnapshotcontents.snapshot.storage.k8s.io'].flatMap((kind) =>
          ['get', 'list'].map((verb) => `${verb} ${kind}`),
        ),
        'get persistentvolumeclaims',
        'create events',
        'patch events',
        ...['get', 'create', 'update'].map((verb) => `${verb} leases.coordination.k8s.io`),
      ].sort(),
    );
  });

  it('lets nobody see secrets, run programs in pods, or give rights', () => {
    const forbidden = /secrets|exec|impersonate|escalate|bind |rbac|\*|serviceaccounts|tokenreviews|namespaces/;
    for (const role of objects.filter(({ kind }) => ['Role', 'ClusterRole'].includes(kind))) {
      for (const right of rightsOf(role)) expect(right, role.metadata.name).not.toMatch(forbidden);
    }
    const rights = rolesOf('moorage-controller');
    expect(rights.has('list pods'), 'only csi-resizer looks at pods').toBe(sidecars === 'upstream');
    const written = [...rights].filter((it) => !/^(get|list|watch) /.test(it)).map((it) => it.split(' ')[1]);
    expect(written).not.toContain('nodes');
    expect(written).not.toContain('pools.moorage.dev');
    expect(written).not.toContain('storageclasses.storage.k8s.io');
  });

  it('keeps each agent to its own node, and the kinds where they are', () => {
    for (const name of ['moorage-agent-own-node', 'moorage-agent-own-pools', 'moorage-crds-stay']) {
      expect(find(objects, 'ValidatingAdmissionPolicy', name).spec).toMatchObject({ failurePolicy: 'Fail' });
      const binding = find(objects, 'ValidatingAdmissionPolicyBinding', name);
      expect(binding.spec).toMatchObject({ policyName: name, validationActions: ['Deny'] });
    }
  });

  it('describes the driver as it is', () => {
    expect(find(objects, 'CSIDriver', 'csi.moorage.dev').spec).toEqual({
      attachRequired: false,
      podInfoOnMount: true,
      fsGroupPolicy: 'File',
      storageCapacity: true,
      requiresRepublish: false,
      seLinuxMount: false,
      volumeLifecycleModes: ['Persistent', 'Ephemeral'],
    });
  });

  it('keeps every CRD when it goes', () => {
    const crds = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
    expect(crds.length).toBe(readdirSync(join(chart, 'files/crds')).length);
    for (const { metadata } of crds) expect(metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
  });
});

it('is what deploy/moorage.yaml says, for those without Helm (npm run generate)', async () => {
  expect(await committedManifest()).toEqual(await manifest());
});

describe('the values of the chart', () => {
  it('are checked by a schema, and are clean', async () => {
    await exec([await tool('helm'), 'lint', '--strict', chart]);
  });

  it.each([
    [{ sidecar: 'own' }, /sidecar.*not allowed/s],
    [{ agent: { resource: {} } }, /resource.*not allowed/s],
    [{ sidecars: 'both' }, /sidecars/],
    [{ logLevel: 'loud' }, /logLevel/],
    [{ controller: { replicas: 0 } }, /replicas/],
    [{ kubeletDir: 'var/lib/kubelet' }, /kubeletDir/],
    [{ agent: { resources: { limits: {}, requests: null } } }, /requests/],
  ])('refuse %j', async (values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  it('reach the containers', async () => {
    const objects = await render({
      kubeletDir: '/data/kubelet',
      poolPath: '/mnt/disk',
      dataDir: '/data/moorage',
      defaultPool: false,
      directBinding: false,
      logLevel: 'debug',
      image: { repository: 'example.org/moorage', tag: 'x' },
      metrics: { agentPort: 1234 },
      nodeRestriction: false,
      agent: { nodeSelector: { disk: 'nvme' } },
      controller: { replicas: 1 },
    });
    const agent = find(objects, 'DaemonSet', 'moorage-agent');
    expect(agent.spec?.template?.spec.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux', disk: 'nvme' });
    expect(containersOf(agent)[0]?.image).toBe('example.org/moorage:x');
    expect(containersOf(agent)[0]?.args).toEqual(
      expect.arrayContaining([
        '--csi-address=/data/kubelet/plugins/csi.moorage.dev/csi.sock',
        '--kubelet-dir=/data/kubelet',
        '--data=/data/moorage',
        '--metrics-address=:1234',
        '--default-pool=false',
        '--pool-path=/mnt/disk',
        '--log-level=debug',
      ]),
    );
    const propagated = containersOf(agent)[0]?.volumeMounts?.filter((it) => it.mountPropagation === 'Bidirectional');
    expect(propagated?.map((it) => it.mountPath)).toEqual(['/data/kubelet', '/data/moorage', '/mnt/disk']);
    expect(rightsOf(find(objects, 'ClusterRole', 'moorage-agent'))).not.toContain('create pools.moorage.dev');
    const controller = find(objects, 'Deployment', 'moorage-controller');
    expect(containersOf(controller)[0]?.args).toContain('--direct-binding=false');
    const kinds = objects.map(({ kind }) => kind);
    expect(kinds).not.toContain('PodDisruptionBudget');
    const policies = objects.filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
    expect(policies.map(({ metadata }) => metadata.name)).toEqual(['moorage-crds-stay']);
  });

  it('choose the classes', async () => {
    const objects = await render({
      storageClass: { isDefault: true, parameters: { poolSelector: 'disk=nvme' } },
      immediateClass: { create: true },
      snapshotClass: { create: false },
    });
    const late = find(objects, 'StorageClass', 'moorage');
    const immediate = find(objects, 'StorageClass', 'moorage-immediate');
    expect([late.volumeBindingMode, immediate.volumeBindingMode]).toEqual(['WaitForFirstConsumer', 'Immediate']);
    for (const { parameters } of [late, immediate]) expect(parameters).toEqual({ poolSelector: 'disk=nvme' });
    const mark = 'storageclass.kubernetes.io/is-default-class';
    expect([late, immediate].map(({ metadata }) => metadata.annotations?.[mark])).toEqual(['true', undefined]);
    expect(objects.map(({ kind }) => kind)).not.toContain('VolumeSnapshotClass');
  });

  it('put the sidecars of the Kubernetes project beside the driver', async () => {
    const names = async (sidecars: string, upstream = {}) => {
      const objects = await render({ sidecars, upstream });
      return [find(objects, 'Deployment', 'moorage-controller'), find(objects, 'DaemonSet', 'moorage-agent')].map(
        (it) => containersOf(it).map(({ name }) => name),
      );
    };
    expect(await names('own')).toEqual([['moorage'], ['moorage']]);
    const callers = ['csi-provisioner', 'csi-resizer', 'csi-snapshotter'];
    expect(await names('upstream')).toEqual([
      ['moorage', ...callers, 'snapshot-controller'],
      ['moorage', 'node-driver-registrar'],
    ]);
    const [controller] = await names('upstream', { snapshotController: '' });
    expect(controller).toEqual(['moorage', ...callers]);
  });
});
