import { fail, isCode } from '../../lib/errors.ts';
import { type Volume, volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import { writeVolume } from '../../volumes/agent/volume-status.ts';
import { deletionAsked, isUnwanted } from '../../volumes/conditions.ts';
import { referenceText } from '../../volumes/references/rules.ts';
import type { ControllerContext } from '../context.ts';
import { canNameObject } from '../object-names.ts';
import { deleteAsSeen, untilGone } from './withdraw.ts';

/**
 * Ensures that there is no such volume. Throws `in-use` (FAILED_PRECONDITION) while a node has it, or a PersistentVolume
 * needs it: one that is released to be deleted does not.
 */
export async function deleteVolume(context: ControllerContext, name: string, signal: AbortSignal): Promise<void> {
  if (!name) fail('invalid', 'deleting a volume: no volume id is given');
  if (!canNameObject(name)) return;
  const { api, volumes: view } = context;
  // What was seen last will do for the first try: nothing is deleted that has changed since.
  for (let seen = view.informer.get({ name }); ; seen = undefined) {
    const volume = seen ?? (await api.get(volumes, { name }));
    if (!volume) return;
    if (isDeleting(volume)) return untilGone(api, volumes, view, volume, signal);
    const nodes = (volume.status?.attachments ?? []).map(({ node }) => node).join(', ');
    const needed = await context.references.ofVolume(name);
    if (nodes) {
      if (!needed && !(await tellNodes(context, volume, nodes))) continue;
      fail('in-use', `deleting volume ${name}: node ${nodes} has it; unmount it there first`);
    }
    if (needed) fail('in-use', `deleting volume ${name}: ${referenceText(needed)} needs it; delete that first`);
    // Only as it was seen: an attachment that was taken since makes this look again.
    if (await deleteAsSeen(api, volumes, view, volume, signal)) return;
  }
}

/** Lets the nodes that have the volume know that nobody wants it any more. False if it has changed meanwhile. */
async function tellNodes({ api }: ControllerContext, volume: Volume, nodes: string): Promise<boolean> {
  if (isUnwanted(volume)) return true;
  const message = `its deletion was asked for while ${nodes} had it; it is let go there once nothing uses it`;
  const statement = { type: deletionAsked, status: 'True', reason: 'InUse', message } as const;
  try {
    await writeVolume(api, volume, volume.status, [statement]);
    return true;
  } catch (error) {
    if (isCode(error, 'conflict', 'not-found')) return false;
    throw error;
  }
}
