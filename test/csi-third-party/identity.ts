import {
  PluginCapability_VolumeExpansion_Type as Expansion,
  PluginCapability_Service_Type as Service,
} from '../../src/csi/protocol/csi_pb.ts';
import type { IdentityService } from '../../src/csi/transport/server.ts';
import type { DriverOptions } from './options.ts';

export function identityService(options: DriverOptions): IdentityService {
  const services: Service[] = [Service.CONTROLLER_SERVICE];
  if (Object.keys(options.topology).length > 0) services.push(Service.VOLUME_ACCESSIBILITY_CONSTRAINTS);
  const expansion = options.growth === 'offline' ? Expansion.OFFLINE : Expansion.ONLINE;
  return {
    getPluginInfo: async () => ({ name: options.name, vendorVersion: '1.0.0' }),
    probe: async () => ({ ready: true }),
    getPluginCapabilities: async () => ({
      capabilities: [
        ...services.map((type) => ({ type: { case: 'service' as const, value: { type } } })),
        ...(options.growth === 'none'
          ? []
          : [{ type: { case: 'volumeExpansion' as const, value: { type: expansion } } }]),
      ],
    }),
  };
}
