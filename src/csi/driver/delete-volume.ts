import { fail } from '../../lib/errors.ts';
import { volumes } from '../../model/kinds/moorage.ts';
import { isDeleting } from '../../model/object.ts';
import type { ControllerContext } from './context.ts';
import { deleteAsSeen, untilGone } from './withdraw.ts';

/** Ensures that there is no such volume. Throws `in-use` (FAILED_PRECONDITION) while a node has it. */
export async function deleteVolume(context: ControllerContext, name: string, signal: AbortSignal): Promise<void> {
  if (!name) fail('invalid', 'deleting a volume: no volume id is given');
  const { api, volumes: view } = context;
  // What was seen last will do for the first try: nothing is deleted that has changed since.
  for (let seen = view.informer.get({ name }); ; seen = undefined) {
    const volume = seen ?? (await api.get(volumes, { name }));
    if (!volume) return;
    if (isDeleting(volume)) return untilGone(api, volumes, view, volume, signal);
    const nodes = (volume.status?.attachments ?? []).map(({ node }) => node);
    if (nodes.length > 0) {
      fail('in-use', `deleting volume ${name}: node ${nodes.join(', ')} has it; unmount it there first`);
    }
    // Only as it was seen: an attachment that was taken since makes this look again.
    if (await deleteAsSeen(api, volumes, view, volume, signal)) return;
  }
}
