import { volumeAttachments } from '../../model/kinds/index.ts';
import { isDeleting } from '../../model/object.ts';
import type { MounterContext } from '../mounter/context.ts';
import type { MountRecord } from '../mounter/mount-ledger.ts';
import type { Go, MountSource, Obstacle } from '../mounter/plan.ts';
import { attachmentName } from '../volume-names.ts';
import { needsAttachment } from './attach-detach.ts';

/** What to wait for before the volume may be staged; undefined if it is attached, or needs no attachment. */
export function attachmentObstacle({ api, node }: MounterContext, { source, volume }: Go): Obstacle | undefined {
  if (source.kind !== 'csi' || !needsAttachment(api, source.csi.driver)) return undefined;
  const attachment = attachmentOf(api, node, source);
  if (attachment?.status?.attached && !isDeleting(attachment)) return undefined;
  const error = attachment?.status?.attachError?.message;
  const message = `waiting for volume "${volume.metadata.name}" to be attached to node "${node}"`;
  return { phase: 'Pending', reason: 'Attaching', message: error ? `${message}: ${error}` : message };
}

/** Tells the meter how long the attachment was waited for. */
export function noteAttached({ attaching, meter }: MounterContext, { uid }: MountRecord): void {
  const since = attaching.get(uid);
  if (since === undefined) return;
  attaching.delete(uid);
  meter.observe('step', { step: 'attach', code: 'ok' }, (performance.now() - since) / 1000);
}

/** The attachment of a CSI volume to the node, if there is one. */
export function attachmentOf(api: MounterContext['api'], node: string, { csi }: MountSource & { kind: 'csi' }) {
  return api.informer(volumeAttachments).get({ name: attachmentName(csi.volumeHandle, csi.driver, node) });
}
