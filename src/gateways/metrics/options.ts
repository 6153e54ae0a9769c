import type { Api } from '../../api/api.ts';
import type { VolumeUsage } from './volumes.ts';

/** Where the numbers come from that are counted when somebody asks for the page. */
export interface MetricsOptions {
  readonly api: Api;
  /** Which objects are counted and timed: all that an embedded API has, or none at first. Default `embedded`. */
  readonly objects?: 'embedded' | 'none';
  /** How full the mounted volumes are; asked when somebody asks for the page. */
  readonly mountedVolumes?: () => Promise<readonly VolumeUsage[]>;
  /** How many writes the store has seen in its life. */
  readonly storeWrites?: () => number;
}
