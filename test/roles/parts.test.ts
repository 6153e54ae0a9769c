import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConnection, openKubeApi } from '../../src/api/kube/index.ts';
import { silent } from '../../src/lib/log.ts';
import { mounts, persistentVolumeClaims, storageClasses } from '../../src/model/kinds/index.ts';
import { driverName } from '../../src/model/kinds/moorage.ts';
import { startNode } from '../../src/roles/up/node.ts';
import { openStore, serveApi, startControlPlane } from '../../src/roles/up/server.ts';
import { openDrivers } from '../../src/sidecars/drivers/registry.ts';
import { inDefault, untilObject } from '../support/until-object.ts';

const node = 'here';
const open = new AsyncDisposableStack();
let directory: string;
let api: Awaited<ReturnType<typeof openStore>>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parts-'));
  open.defer(() => rm(directory, { recursive: true, force: true }));
  const data = join(directory, 'data');
  api = open.use(await openStore({ data }, silent));
  const server = open.use(await serveApi({ data, listen: '127.0.0.1', port: 0 }, api, silent));
  const { events, meter, authority } = server;
  const connection = loadConnection({ kubeconfig: server.kubeconfigFile });
  const seenByNode = open.use(openKubeApi({ connection, log: silent }));
  const common = { node, log: silent, events, meter };
  const dataDir = join(directory, 'node-data');
  open.use(await startNode({ ...common, api: seenByNode, dataDir, backend: 'directory', csi: [] }));
  const drivers = open.use(openDrivers({ ...common, api, node: undefined }));
  await drivers.add({ name: driverName, socket: join(dataDir, 'run/csi.sock') });
  open.use(await startControlPlane({ ...common, api, authority, drivers }));
});
afterAll(() => open.disposeAsync());

test('a server and a node that know each other by the API and a CSI socket only make, mount and unmount a volume', async () => {
  await api.create(storageClasses, {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: 'fast' },
    provisioner: driverName,
  });
  const metadata = inDefault('data');
  const resources = { requests: { storage: '64Mi' } };
  await api.create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata,
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'fast', resources },
  });
  const path = join(directory, 'mounted');
  const mount = { apiVersion: 'moorage.dev/v1alpha1', kind: 'Mount', metadata } as const;
  await api.create(mounts, { ...mount, spec: { claim: 'data', path, readOnly: false } });
  await untilObject(api, mounts, metadata, (it) => it?.status?.phase === 'Mounted');
  await writeFile(join(path, 'kept'), 'yes');
  expect(await readFile(join(path, 'kept'), 'utf8')).toBe('yes');
  await api.delete(mounts, metadata);
  await untilObject(api, mounts, metadata, (it) => it === undefined);
  await expect(readFile(join(path, 'kept'))).rejects.toThrow('ENOENT');
});
