import type { Controller, GroupController, Identity, Node } from '../protocol/csi_pb.ts';
import type { ServiceClient } from './method.ts';

/** The services of a CSI driver. A call of a service that the driver does not have fails with UNIMPLEMENTED. */
export interface CsiClient {
  readonly identity: ServiceClient<typeof Identity>;
  readonly controller: ServiceClient<typeof Controller>;
  readonly group: ServiceClient<typeof GroupController>;
  readonly node: ServiceClient<typeof Node>;
  /** Ends the connection; calls that run fail with CANCELLED. */
  close(): void;
}
