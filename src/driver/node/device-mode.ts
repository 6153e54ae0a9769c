import type { NodeRecord } from '../../volumes/node-record.ts';

export { type NodeRecord, openNodeRecords, type Published } from '../../volumes/node-record.ts';

/**
 * Whether the device of a raw block volume takes no writes: it is staged so, or all who have it have it so. Under
 * a kubelet the container runtime keeps a pod from writing, and the device is for all pods.
 */
export function isDeviceReadOnly({ mode, readOnly, published }: NodeRecord, kubelet: boolean): boolean {
  if (mode !== 'Block') return false;
  return readOnly || (!kubelet && published.length > 0 && published.every((it) => it.readOnly));
}
