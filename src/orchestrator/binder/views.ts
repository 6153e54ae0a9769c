import type { Api, Informer } from '../../api/api.ts';
import { classOfVolume } from '../../model/claims/claims.ts';
import {
  mounts,
  type Node,
  nodes,
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
  storageClasses,
} from '../../model/kinds/index.ts';
import { isDeleting, keyOf, refTo } from '../../model/object.ts';
import { classOfClaim, defaultClassAmong } from './match.ts';
import type { BindingWorld } from './plan.ts';

/** Key of the index `waiting for class` for claims that name no class. */
export const unnamedClass = ' ';

/** The informers of the binder, with look-ups that cost only what they return. */
export interface BinderViews {
  readonly claims: Informer<PersistentVolumeClaim>;
  /** What decides over this claim, and no more. */
  of(claim: PersistentVolumeClaim): BindingWorld;
  /** Claims whose spec names the volume. */
  claimsNaming(volume: string): readonly PersistentVolumeClaim[];
  /** Claims of a class (or of unnamedClass) that have no volume yet. */
  claimsWaitingFor(className: string): readonly PersistentVolumeClaim[];
}

/** Opens the binder's view of the objects. `node` is that of Mounts that name none. */
export function openBinderViews(options: {
  readonly api: Api;
  readonly node: string;
  readonly hasDriver: (provisioner: string) => boolean;
}): BinderViews {
  const { api } = options;
  const claims = api.informer(persistentVolumeClaims);
  const volumes = api.informer(persistentVolumes);
  const classes = api.informer(storageClasses);
  const allNodes = api.informer(nodes);
  const freeOfClass = volumes.index('free of class', (volume) => (volume.spec.claimRef ? [] : [classOfVolume(volume)]));
  const reservedFor = volumes.index('claim', claimKeysOfVolume);
  const mountsOf = api
    .informer(mounts)
    .index('claim', ({ metadata, spec }) => [keyOf({ namespace: metadata.namespace, name: spec.claim })]);
  const consumerOf = (claim: PersistentVolumeClaim): Node | undefined => {
    for (const mount of mountsOf(keyOf(refTo(claim)))) {
      const node = isDeleting(mount) ? undefined : allNodes.get({ name: mount.spec.node ?? options.node });
      if (node) return node;
    }
    return undefined;
  };
  return {
    claims,
    claimsNaming: claims.index('volume', ({ spec }) => (spec.volumeName ? [spec.volumeName] : [])),
    claimsWaitingFor: claims.index('waiting for class', (claim) =>
      claim.spec.volumeName ? [] : [classOfClaim(claim) ?? unnamedClass, classOfClaim(claim) ?? ''],
    ),
    of: (claim) => {
      const known = [...classes.list()];
      const { volumeName } = claim.spec;
      const named = volumeName ? volumes.get({ name: volumeName }) : undefined;
      const className = classOfClaim(claim);
      const wanted = className === undefined ? ['', defaultClassAmong(known)?.metadata.name ?? ''] : [className];
      return {
        claim,
        classes: known,
        volumes: volumeName
          ? named
            ? [named]
            : []
          : [...reservedFor(keyOf(refTo(claim))), ...new Set(wanted.flatMap(freeOfClass))],
        consumer: consumerOf(claim),
        hasDriver: options.hasDriver,
        now: new Date(),
      };
    },
  };
}

/** For the index `claim` of volumes: the key of the claim that a volume is reserved for. */
export function claimKeysOfVolume({ spec: { claimRef } }: PersistentVolume): string[] {
  return claimRef?.name ? [keyOf({ namespace: claimRef.namespace, name: claimRef.name })] : [];
}
