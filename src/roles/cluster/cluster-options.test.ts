import { describe, expect, it } from 'vitest';
import { readAgentOptions, readControllerOptions } from './cluster-options.ts';

const pod = {
  POD_NAME: 'moorage-controller-7d9f-x2',
  POD_NAMESPACE: 'storage',
  NODE_NAME: 'Worker-1',
  MOORAGE_LOG: 'debug',
};

describe('readControllerOptions', () => {
  it('takes who it is from the pod, and what it does from flags', () => {
    expect(readControllerOptions({}, pod)).toEqual({
      kubeconfig: undefined,
      socket: '/run/moorage/csi.sock',
      metrics: { host: undefined, port: 9810 },
      logLevel: 'debug',
      namespace: 'storage',
      identity: 'moorage-controller-7d9f-x2',
      sidecars: 'own',
      directBinding: true,
    });
    const flags = {
      kubeconfig: 'admin.conf',
      csiAddress: 'unix:///csi/csi.sock',
      metricsAddress: '[::1]:0',
      sidecars: 'upstream',
      directBinding: 'false',
      namespace: 'other',
    };
    expect(readControllerOptions(flags, pod)).toMatchObject({
      kubeconfig: 'admin.conf',
      socket: '/csi/csi.sock',
      metrics: { host: '::1', port: 0 },
      sidecars: 'upstream',
      directBinding: false,
      namespace: 'other',
    });
  });

  it('has a name of its own outside of a pod', () => {
    expect(readControllerOptions({}, {}).identity).toMatch(new RegExp(`-${process.pid}$`));
  });

  it.each([
    [{ sidecars: 'none' }, /--sidecars none/],
    [{ directBinding: 'yes' }, /--direct-binding yes/],
    [{ metricsAddress: '9810' }, /--metrics-address 9810: write ADDRESS:PORT/],
    [{ metricsAddress: ':99999' }, /--metrics-address 99999/],
  ])('refuses %j', (flags, message) => {
    expect(() => readControllerOptions(flags, {})).toThrow(message);
  });
});

describe('readAgentOptions', () => {
  it('serves where the kubelet of its node looks', () => {
    expect(readAgentOptions({}, pod)).toMatchObject({
      node: 'worker-1',
      socket: '/var/lib/kubelet/plugins/csi.moorage.dev/csi.sock',
      data: '/var/lib/moorage',
      defaultPool: true,
      backend: 'auto',
      poolPath: undefined,
    });
    const flags = { kubeletDir: '/k', node: 'n2', defaultPool: 'false', poolPath: '/disk', backend: 'image' };
    expect(readAgentOptions(flags, pod)).toMatchObject({
      node: 'n2',
      kubeletDir: '/k',
      socket: '/k/plugins/csi.moorage.dev/csi.sock',
      defaultPool: false,
      poolPath: '/disk',
      backend: 'image',
    });
  });
});
