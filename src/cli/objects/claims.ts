import type { Api } from '../../api/api.ts';
import { fail, isCode } from '../../lib/errors.ts';
import {
  type Event,
  events,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
  type StorageClass,
  storageClasses,
} from '../../model/kinds/index.ts';
import type { KubeObject } from '../../model/object.ts';
import { bytesOf, formatBytes } from '../../model/quantity.ts';
import { larger } from '../../model/sizes.ts';
import type { Progress } from '../output/progress.ts';
import { timeOf } from '../world/world.ts';
import { waitFor } from './wait-for.ts';

/** The claim of that name. Throws `not-found` with the claims that there are. */
export async function getClaim(api: Api, namespace: string, name: string): Promise<PersistentVolumeClaim> {
  const claim = await api.get(persistentVolumeClaims, { namespace, name });
  if (claim) return claim;
  const { items } = await api.list(persistentVolumeClaims, { namespace });
  const names = items.map(({ metadata }) => metadata.name);
  const there = names.length > 0 ? `it has ${names.slice(0, 10).join(', ')}` : 'it has none';
  return fail('not-found', `there is no claim ${name} in namespace ${namespace}: ${there}`);
}

/** What an object's newest event says; undefined if it has none. */
export async function newestEvent(api: Api, object: KubeObject): Promise<Event | undefined> {
  const fieldSelector = `involvedObject.uid=${object.metadata.uid}`;
  const { items } = await api.list(events, { namespace: object.metadata.namespace, fieldSelector });
  return [...items].sort((a, b) => timeOf(a).localeCompare(timeOf(b))).at(-1);
}

/** Bytes of a size that a person typed. Throws `invalid`. */
export function readSize(text: string): bigint {
  const bytes = bytesOf(text);
  return bytes > 0n ? bytes : fail('invalid', `a size of ${text} makes no sense: write one such as 10Gi`);
}

/** The size of a claim: what it has, else what it asks for. */
export function sizeOf(claim: PersistentVolumeClaim): string {
  return claim.status?.capacity?.['storage'] ?? claim.spec.resources?.requests?.['storage'] ?? '0';
}

/**
 * Bytes that a copy of a claim needs at least: those of its volume, which the claim does not know yet if it has grown and
 * its file system has not. Who may not look at volumes is believed to have what the claim says.
 */
export async function sizeToCopy(api: Api, claim: PersistentVolumeClaim): Promise<bigint> {
  const known = bytesOf(sizeOf(claim));
  const { volumeName: name } = claim.spec;
  if (!name) return known;
  const volume = await api.get(persistentVolumes, { name }).catch((error: unknown) => {
    if (!isCode(error, 'permission')) throw error;
    return undefined;
  });
  return larger(known, bytesOf(volume?.spec.capacity?.['storage'] ?? '0'));
}

/** A new claim like another one, that starts as a copy of something. */
export function claimLike(options: {
  readonly like: PersistentVolumeClaim | undefined;
  readonly name: string;
  readonly namespace: string;
  readonly storageClass: string | undefined;
  readonly size: bigint;
  readonly source: NonNullable<PersistentVolumeClaim['spec']['dataSource']>;
}): PersistentVolumeClaim {
  const { like } = options;
  const storageClassName = options.storageClass ?? like?.spec.storageClassName;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: options.name, namespace: options.namespace },
    spec: {
      accessModes: like?.spec.accessModes ?? ['ReadWriteOnce'],
      ...(like?.spec.volumeMode ? { volumeMode: like.spec.volumeMode } : {}),
      ...(typeof storageClassName === 'string' ? { storageClassName } : {}),
      resources: { requests: { storage: formatBytes(options.size) } },
      dataSource: options.source,
    },
  };
}

/**
 * Waits until a new claim is Bound; returns false if its class makes volumes only for a first consumer. Throws
 * `timeout` with what its newest event says.
 */
export async function waitBound(
  api: Api,
  claim: PersistentVolumeClaim,
  progress: Progress,
  timeout: number,
): Promise<PersistentVolumeClaim | undefined> {
  const { name, namespace } = claim.metadata;
  if (await waitsForConsumer(api, claim)) return undefined;
  progress.update(`waiting for claim ${name} to be bound`);
  return waitFor({
    api,
    kind: persistentVolumeClaims,
    ref: { namespace, name },
    timeout,
    until: (it) => {
      if (!it) return fail('not-found', `claim ${name} was deleted by somebody else`);
      return it.status?.phase === 'Bound';
    },
    late: async () => {
      const event = await newestEvent(api, claim);
      return `it is not bound yet${event?.message ? ` (${event.message})` : ''}; it stays, and "moorage explain pvc/${name} -n ${namespace}" tells more`;
    },
  });
}

async function waitsForConsumer(api: Api, { spec }: PersistentVolumeClaim): Promise<boolean> {
  if (!spec.storageClassName) return false;
  const found: StorageClass | undefined = await api.get(storageClasses, { name: spec.storageClassName });
  return found?.volumeBindingMode === 'WaitForFirstConsumer';
}

/** Milliseconds of a --timeout. Throws `invalid`. */
export function readTimeout(text: string | undefined): number {
  const seconds = Number(text ?? 60);
  return seconds > 0 && seconds <= 86_400
    ? seconds * 1_000
    : fail('invalid', `--timeout ${text}: give a number of seconds, up to a day`);
}
