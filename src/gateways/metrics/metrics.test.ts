import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Controller } from '../../api/controller.ts';
import { type EmbeddedApi, openEmbeddedApi } from '../../api/embedded/embedded-api.ts';
import { type ApiRequest, requests } from '../../api/kube/requests.ts';
import { fail } from '../../lib/errors.ts';
import { silent } from '../../lib/log.ts';
import { allKinds, mounts, persistentVolumeClaims, pools } from '../../model/kinds/index.ts';
import { createMetrics, type Metrics } from './metrics.ts';

let directory: string;
let api: EmbeddedApi;
let metrics: Metrics;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'moorage-metrics-'));
  api = await openEmbeddedApi({ file: join(directory, 'store/store.db'), log: silent, kinds: allKinds });
  const usage = { namespace: 'default', mount: 'web', volume: 'pv-1', total: 100n, used: 40n, available: 60n };
  const mountedVolumes = async () => [{ ...usage, inodes: undefined, inodesUsed: undefined }];
  metrics = createMetrics({ api, mountedVolumes });
});

afterEach(async () => {
  metrics[Symbol.dispose]();
  await api[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

it('counts what was observed, also before the page was first asked for, and errors by code', async () => {
  metrics.meter.observe('csi', { driver: 'd', method: 'CreateVolume', code: 'OK' }, 0.02);
  metrics.meter.observe('step', { step: 'bind', code: 'busy' }, 0.2);
  const text = await metrics.text();
  expect(text).toContain('moorage_csi_call_seconds_bucket{le="0.025",driver="d",method="CreateVolume",code="OK"} 1');
  expect(text).toContain('moorage_errors_total{series="step",code="busy"} 1');
  metrics.meter.observe('step', { step: 'bind', code: 'busy' }, 0.2);
  expect(await metrics.text()).toContain('moorage_errors_total{series="step",code="busy"} 2');
});

it('counts requests to an API server', async () => {
  requests.publish({ verb: 'create', resource: 'persistentvolumes', code: '201' } satisfies ApiRequest);
  requests.publish({ verb: 'create', resource: 'persistentvolumes', code: '201' } satisfies ApiRequest);
  expect(await metrics.text()).toContain(
    'moorage_api_requests_total{verb="create",resource="persistentvolumes",code="201"} 2',
  );
});

it('times the passes of every controller', async () => {
  const controller = new Controller({
    name: 'tested',
    log: silent,
    reconcile: async () => fail('busy', 'not now'),
  });
  await controller.start();
  controller.add('key');
  await expect
    .poll(() => metrics.text())
    .toMatch(/moorage_reconcile_seconds_count\{controller="tested",code="busy"\} \d/);
  await controller[Symbol.asyncDispose]();
});

it('counts objects by phase, pools by bytes, and how full mounted volumes are', async () => {
  const pool = await api.create(pools, {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Pool',
    metadata: { name: 'ssd' },
    spec: { engine: 'local', backend: 'auto', preallocate: false, overProvisioning: 1 },
  });
  const node = { node: 'n', total: '10Gi', used: '1Gi', allocated: '2Gi', available: '7Gi' };
  await api.updateStatus(pools, { ...pool, status: { phase: 'Ready', nodes: [node] } });
  const text = await metrics.text();
  expect(text).toContain('moorage_objects{kind="Pool",phase="Ready"} 1');
  expect(text).toContain(`moorage_pool_available_bytes{pool="ssd",node="n"} ${7 * 2 ** 30}`);
  expect(text).toContain('moorage_volume_used_bytes{namespace="default",mount="web",volume="pv-1"} 40');
  expect(text).not.toContain('moorage_volume_inodes{');
});

it('times a claim from its creation to Bound, and a Mount to Mounted, once each', async () => {
  const metadata = { name: 'data', namespace: 'default' };
  const claim = await api.create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata,
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  });
  const bound = await api.updateStatus(persistentVolumeClaims, { ...claim, status: { phase: 'Bound' } });
  await api.updateStatus(persistentVolumeClaims, {
    ...bound,
    status: { phase: 'Bound', capacity: { storage: '1Gi' } },
  });
  const mount = await api.create(mounts, {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Mount',
    metadata,
    spec: { claim: 'data', path: '/srv/data', readOnly: false },
  });
  await api.updateStatus(mounts, { ...mount, status: { phase: 'Mounted' } });
  const text = await metrics.text();
  expect(text).toContain('moorage_claim_bound_seconds_count 1');
  expect(text).toContain('moorage_mount_mounted_seconds_count 1');
});
