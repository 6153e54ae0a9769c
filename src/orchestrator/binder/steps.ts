import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/index.ts';
import type { VolumeLook } from './match.ts';

export type ClaimStatus = NonNullable<PersistentVolumeClaim['status']>;
export type VolumeStatus = NonNullable<PersistentVolume['status']>;
type ClaimRef = NonNullable<PersistentVolume['spec']['claimRef']>;

/** What the binder does next, as data; `null` takes an entry away. A plan's steps are done in order. */
export type BindingStep =
  | {
      readonly do: 'change-volume';
      readonly volume: PersistentVolume;
      readonly claimRef?: ClaimRef | null;
      readonly annotations?: Readonly<Record<string, string | null>>;
      readonly addFinalizers?: readonly string[];
    }
  | { readonly do: 'set-volume-status'; readonly volume: PersistentVolume; readonly status: VolumeStatus }
  | {
      readonly do: 'change-claim';
      readonly claim: PersistentVolumeClaim;
      readonly volumeName?: string;
      readonly storageClassName?: string;
      readonly annotations?: Readonly<Record<string, string>>;
      readonly addFinalizers?: readonly string[];
      readonly removeFinalizers?: readonly string[];
    }
  | { readonly do: 'set-claim-status'; readonly claim: PersistentVolumeClaim; readonly status: ClaimStatus }
  | {
      readonly do: 'tell';
      readonly about: PersistentVolumeClaim | PersistentVolume;
      readonly type: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
    };

/** The full reference by which a volume names its claim. */
export function claimRefTo({ metadata }: PersistentVolumeClaim): ClaimRef {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    name: metadata.name,
    ...(metadata.namespace && { namespace: metadata.namespace }),
    ...(metadata.uid && { uid: metadata.uid }),
    ...(metadata.resourceVersion && { resourceVersion: metadata.resourceVersion }),
  };
}

/** What becomes of a claim, why, what was looked at for it, and what to do next. */
export interface BindingPlan {
  readonly outcome: 'bound' | 'bind' | 'provision' | 'wait' | 'refused' | 'lost';
  /** One word, for programs: the reason of the event, where there is one. */
  readonly reason: string;
  /** One sentence, for people. */
  readonly message: string;
  readonly volume?: string | undefined;
  /** Each volume that was looked at and not taken, and why. */
  readonly looked: readonly VolumeLook[];
  readonly steps: readonly BindingStep[];
  /** Milliseconds after which to look again. */
  readonly again?: number | undefined;
}
