import { Controller as controllerService, GroupController, Identity, Node } from '../protocol/csi_pb.ts';
import { type GrpcServerOptions, offer, serveGrpc } from './grpc-server.ts';
import type { Service } from './method.ts';

export type { AnsweredCall } from './grpc-server.ts';

export type IdentityService = Service<typeof Identity>;
export type ControllerService = Service<typeof controllerService>;
export type GroupControllerService = Service<typeof GroupController>;
export type NodeService = Service<typeof Node>;

export interface CsiServerOptions extends GrpcServerOptions {
  readonly identity: IdentityService;
  readonly controller?: ControllerService | undefined;
  readonly node?: NodeService | undefined;
  readonly group?: GroupControllerService | undefined;
}

/** Serves CSI on a unix socket, as serveGrpc does; a service that is not given is not announced to gRPC either. */
export async function serveCsi(options: CsiServerOptions): Promise<AsyncDisposable> {
  return serveGrpc(
    [
      offer(Identity, options.identity),
      offer(controllerService, options.controller),
      offer(GroupController, options.group),
      offer(Node, options.node),
    ],
    options,
  );
}
