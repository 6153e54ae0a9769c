import {
  type ControllerGetCapabilitiesResponse,
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  PluginCapability_VolumeExpansion_Type as Expansion,
  type GetPluginCapabilitiesResponse,
  type NodeGetCapabilitiesResponse,
  NodeServiceCapability_RPC_Type as NodeRpc,
  PluginCapability_Service_Type as Service,
} from '../../csi/protocol/csi_pb.ts';

/** What a driver announces; what it does not announce is never asked of it. */
export interface DriverCapabilities {
  readonly controllerService: boolean;
  /** Volumes are not reachable from everywhere, so topology matters. */
  readonly topology: boolean;
  /** Whether volumes can grow while in use, only while not, or not at all. */
  readonly expansion: 'online' | 'offline' | 'none';
  readonly createVolume: boolean;
  /** ControllerPublishVolume is needed before a node can stage. */
  readonly publish: boolean;
  readonly publishReadonly: boolean;
  /** It tells how much room there is. */
  readonly capacity: boolean;
  readonly snapshots: boolean;
  readonly listSnapshots: boolean;
  readonly clones: boolean;
  readonly controllerExpand: boolean;
  readonly modifyVolume: boolean;
  /** The controller tells one writer on a node from several. */
  readonly controllerSingleNodeMultiWriter: boolean;
  /** NodeStageVolume is needed before NodePublishVolume. */
  readonly stage: boolean;
  readonly volumeStatistics: boolean;
  readonly nodeExpand: boolean;
  /** The node service tells one writer on a node from several. */
  readonly nodeSingleNodeMultiWriter: boolean;
}

/** Whether the driver has a controller service at all. */
export function announcesController(plugin: GetPluginCapabilitiesResponse): boolean {
  return plugin.capabilities.some(
    ({ type }) => type.case === 'service' && type.value.type === Service.CONTROLLER_SERVICE,
  );
}

/** Reads the three lists of capabilities; a service that a driver does not have is undefined. */
export function readDriverCapabilities(
  plugin: GetPluginCapabilitiesResponse,
  controller: ControllerGetCapabilitiesResponse | undefined,
  node: NodeGetCapabilitiesResponse | undefined,
): DriverCapabilities {
  const services = new Set(plugin.capabilities.map(({ type }) => type.case === 'service' && type.value.type));
  const expansions = new Set(plugin.capabilities.map(({ type }) => type.case === 'volumeExpansion' && type.value.type));
  const rpcs = new Set(controller?.capabilities.map(({ type }) => type.case === 'rpc' && type.value.type));
  const nodeRpcs = new Set(node?.capabilities.map(({ type }) => type.case === 'rpc' && type.value.type));
  return {
    controllerService: announcesController(plugin),
    topology: services.has(Service.VOLUME_ACCESSIBILITY_CONSTRAINTS),
    expansion: expansions.has(Expansion.ONLINE) ? 'online' : expansions.has(Expansion.OFFLINE) ? 'offline' : 'none',
    createVolume: rpcs.has(ControllerRpc.CREATE_DELETE_VOLUME),
    publish: rpcs.has(ControllerRpc.PUBLISH_UNPUBLISH_VOLUME),
    publishReadonly: rpcs.has(ControllerRpc.PUBLISH_READONLY),
    capacity: rpcs.has(ControllerRpc.GET_CAPACITY),
    snapshots: rpcs.has(ControllerRpc.CREATE_DELETE_SNAPSHOT),
    listSnapshots: rpcs.has(ControllerRpc.LIST_SNAPSHOTS),
    clones: rpcs.has(ControllerRpc.CLONE_VOLUME),
    controllerExpand: rpcs.has(ControllerRpc.EXPAND_VOLUME),
    modifyVolume: rpcs.has(ControllerRpc.MODIFY_VOLUME),
    controllerSingleNodeMultiWriter: rpcs.has(ControllerRpc.SINGLE_NODE_MULTI_WRITER),
    stage: nodeRpcs.has(NodeRpc.STAGE_UNSTAGE_VOLUME),
    volumeStatistics: nodeRpcs.has(NodeRpc.GET_VOLUME_STATS),
    nodeExpand: nodeRpcs.has(NodeRpc.EXPAND_VOLUME),
    nodeSingleNodeMultiWriter: nodeRpcs.has(NodeRpc.SINGLE_NODE_MULTI_WRITER),
  };
}
