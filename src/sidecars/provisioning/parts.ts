import type { PersistentVolume, PersistentVolumeClaim } from '../../model/kinds/core.ts';
import type { SidecarContext } from '../context.ts';
import type { Wants } from '../create-volume/wants.ts';
import type { Freshest } from '../objects/freshest.ts';
import type { Complaints } from '../retries/complaints.ts';
import type { Knowledge } from './knowledge.ts';

/** What the provisioner's steps work with. */
export interface ProvisionerParts extends SidecarContext {
  /** Whether claims are bound to their new volumes here. */
  readonly bindsDirectly: boolean;
  /** Whether a scheduler chooses the nodes of consumers, and chooses again where there can't be a volume. */
  readonly hasScheduler: boolean;
  readonly claims: Freshest<PersistentVolumeClaim>;
  readonly volumes: Freshest<PersistentVolume>;
  readonly wants: Wants;
  readonly knowledge: Knowledge;
  readonly complaints: Complaints;
}

/** A claim and the PersistentVolume that records what was made for it. */
export interface Provisioned {
  readonly claim: PersistentVolumeClaim;
  readonly volume: PersistentVolume;
}
