/** `npm run kube:up` and `npm run kube:down`: the Kubernetes under test in `MOORAGE_KUBE_DIR`, for people and for tests. */
import { messageOf } from '../../../src/lib/errors.ts';
import { lockCluster } from './cluster.ts';
import { takeDown } from './down.ts';
import { defaultDirectory, Layout } from './layout.ts';
import { startCluster } from './up.ts';

const say = (text: string) => console.log(`kube: ${text}`);

async function up(): Promise<void> {
  const started = performance.now();
  const cluster = await startCluster({ say });
  say(`up in ${((performance.now() - started) / 1000).toFixed(1)} s; now: export KUBECONFIG=${cluster.kubeconfig}`);
}

async function down(): Promise<void> {
  const layout = new Layout(defaultDirectory());
  await using _lock = await lockCluster(layout);
  say((await takeDown(layout)) ? `${layout.directory} is down` : `there is no cluster in ${layout.directory}`);
}

try {
  const [verb] = process.argv.slice(2);
  await (verb === 'down' ? down() : up());
} catch (error) {
  console.error(`kube: ${messageOf(error)}`);
  process.exitCode = 1;
}
