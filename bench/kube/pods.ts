import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type Happening } from '../client.ts';
import { claim, paths } from '../objects.ts';
import type { Stack } from './stack.ts';

const pods = '/api/v1/namespaces/default/pods';
const volumes = '/api/v1/persistentvolumes';
const image = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';

/** Milliseconds after which a kubelet looks again what became of its containers. */
const relist = 1_000;

/** Milliseconds of each round. */
export interface PodTimes {
  /** From creating a pod and its new claim until it runs. */
  readonly withClaim: readonly number[];
  /** The same without a claim. */
  readonly without: readonly number[];
  /** From deleting pod and claim until the volume is gone. */
  readonly deletion: readonly number[];
}

function pod(name: string, claimName?: string) {
  const container = { name: 'main', image, command: ['sh', '-c', "trap 'exit 0' TERM; sleep 3600 & wait"] };
  const mounted = claimName ? { volumeMounts: [{ name: 'data', mountPath: '/data' }] } : {};
  const volume = claimName ? { volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] } : {};
  const spec = { terminationGracePeriodSeconds: 1, containers: [{ ...container, ...mounted }], ...volume };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

/**
 * Starts and ends pods with a new claim, and pods without, in turn. Each step comes at another moment of the kubelet's
 * second: right after a look of its, as the news that a pod runs always does, everything would take longest.
 */
export async function podTimes(kubeconfig: string, stack: Stack, rounds: number): Promise<PodTimes> {
  const times = { withClaim: [] as number[], without: [] as number[], deletion: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    // Each round has connections of its own, since a watch keeps one for as long as the client lives.
    await using client = new Client(kubeconfig);
    const [bare, name] = [`bare-${round}`, `full-${round}`];
    const later = () => sleep((relist * (round + 0.5)) / rounds);
    await later();
    times.without.push(await client.timed(() => client.call('POST', pods, pod(bare)), pods, runs(bare)));
    await client.timed(() => client.call('DELETE', `${pods}/${bare}`), pods, isGone(bare));
    await later();
    const start = async () => {
      const wish = { name, storageClassName: stack.classes.firstConsumer, size: '16Mi' };
      await client.call('POST', paths.claims, claim(wish));
      await client.call('POST', pods, pod(name, name));
    };
    times.withClaim.push(await client.timed(start, pods, runs(name)));
    const { spec } = (await client.call('GET', `${paths.claims}/${name}`)) as { spec: { volumeName: string } };
    await later();
    const end = async () => {
      await client.call('DELETE', `${pods}/${name}`);
      await client.call('DELETE', `${paths.claims}/${name}`);
    };
    times.deletion.push(await client.timed(end, volumes, isGone(spec.volumeName)));
  }
  return times;
}

function runs(name: string): (happening: Happening) => boolean {
  return ({ object: { metadata, status } }) => metadata.name === name && status?.phase === 'Running';
}

function isGone(name: string): (happening: Happening) => boolean {
  return ({ type, object }) => type === 'DELETED' && object.metadata.name === name;
}
