import { Client, type Happening } from '../client.ts';
import { claim, paths } from '../objects.ts';
import type { Stack } from './stack.ts';

const pods = '/api/v1/namespaces/default/pods';
const volumes = '/api/v1/persistentvolumes';
const image = 'registry.k8s.io/e2e-test-images/busybox:1.37.0-1';

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
  const container = { name: 'main', image, command: ['sleep', '3600'] };
  const mounted = claimName ? { volumeMounts: [{ name: 'data', mountPath: '/data' }] } : {};
  const volume = claimName ? { volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] } : {};
  const spec = { terminationGracePeriodSeconds: 1, containers: [{ ...container, ...mounted }], ...volume };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec };
}

/** Starts and ends pods with a new claim, and pods without, in turn. */
export async function podTimes(kubeconfig: string, stack: Stack, rounds: number): Promise<PodTimes> {
  const times = { withClaim: [] as number[], without: [] as number[], deletion: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    // Each round has connections of its own, since a watch keeps one for as long as the client lives.
    await using client = new Client(kubeconfig);
    const [bare, name] = [`bare-${round}`, `full-${round}`];
    times.without.push(await client.timed(() => client.call('POST', pods, pod(bare)), pods, runs(bare)));
    await client.timed(() => client.call('DELETE', `${pods}/${bare}`), pods, isGone(bare));
    const start = async () => {
      const wish = { name, storageClassName: stack.classes.firstConsumer, size: '16Mi' };
      await client.call('POST', paths.claims, claim(wish));
      await client.call('POST', pods, pod(name, name));
    };
    times.withClaim.push(await client.timed(start, pods, runs(name)));
    const { spec } = (await client.call('GET', `${paths.claims}/${name}`)) as { spec: { volumeName: string } };
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
