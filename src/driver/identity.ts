import {
  PluginCapability_VolumeExpansion_Type as Expansion,
  PluginCapability_Service_Type as Service,
} from '../csi/protocol/csi_pb.ts';
import type { IdentityService } from '../csi/transport/server.ts';
import { ownVersion } from '../lib/version.ts';
import { driverName } from '../model/kinds/moorage.ts';

/**
 * The CSI Identity service: who we are, and that we have a controller, topology and growth while in use. It says so
 * wherever it runs: CSI wants the capabilities of the plug-in as a whole, whichever services an instance has.
 */
export function identityService(): IdentityService {
  const vendorVersion = ownVersion();
  return {
    getPluginInfo: async () => ({ name: driverName, vendorVersion }),
    getPluginCapabilities: async () => ({
      capabilities: [
        { type: { case: 'service', value: { type: Service.CONTROLLER_SERVICE } } },
        { type: { case: 'service', value: { type: Service.VOLUME_ACCESSIBILITY_CONSTRAINTS } } },
        { type: { case: 'volumeExpansion', value: { type: Expansion.ONLINE } } },
      ],
    }),
    // It serves only once it can.
    probe: async () => ({ ready: true }),
  };
}
