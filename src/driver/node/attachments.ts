import type { Api } from '../../api/api.ts';
import { timestamp } from '../../lib/clock.ts';
import { fail, isCode } from '../../lib/errors.ts';
import { type Volume, volumes } from '../../model/kinds/moorage.ts';
import { deletionAsked, isGoing, isUnwanted } from '../../volumes/conditions.ts';

type Attachment = NonNullable<NonNullable<Volume['status']>['attachments']>[number];

/**
 * The attachments of the volume after the node has taken it, or undefined if it has it already. Throws `in-use` if
 * another node has it: a local volume is for one node at a time; or if it is being deleted, and nothing needs it.
 */
export function withAttachment(volume: Volume, wish: Omit<Attachment, 'since'>): readonly Attachment[] | undefined {
  const present = volume.status?.attachments ?? [];
  const other = present.find(({ node }) => node !== wish.node);
  const name = volume.metadata.name;
  if (other) {
    fail('in-use', `attaching volume ${name} to ${wish.node}: ${other.node} has it since ${other.since}`);
  }
  if (isGoing(volume)) fail('in-use', `attaching volume ${name} to ${wish.node}: it is being deleted`);
  const own = present.find(({ node }) => node === wish.node);
  if (own?.mode === wish.mode && !isUnwanted(volume)) return undefined;
  return [{ ...wish, since: own?.since ?? timestamp() }];
}

/** The attachments of the volume after the node has let it go, or undefined if it did not have it. */
export function withoutAttachment(volume: Volume, node: string): readonly Attachment[] | undefined {
  const present = volume.status?.attachments ?? [];
  const rest = present.filter((it) => it.node !== node);
  return rest.length === present.length ? undefined : rest;
}

/**
 * Takes the attachment of a volume for a node, by compare-and-swap on its status: of two nodes that ask at once, one
 * gets it. `believed` says whether a Volume that says that the node has it already is believed without asking again.
 */
export async function takeAttachment(
  api: Api,
  volume: Volume,
  wish: Omit<Attachment, 'since'>,
  { believed }: { readonly believed: boolean },
): Promise<void> {
  const { name } = volume.metadata;
  if (withAttachment(volume, wish) === undefined) {
    if (believed) return;
    const now = await api.get(volumes, { name });
    return swap(api, name, now ?? fail('not-found', `there is no volume "${name}"`), (seen) =>
      withAttachment(seen, wish),
    );
  }
  return swap(api, name, volume, (seen) => withAttachment(seen, wish));
}

/**
 * Gives it back. A Volume that is gone has no attachments. `seen` is the Volume as it was last seen, which saves asking
 * for it if it says that the node has it.
 */
export async function releaseAttachment(api: Api, name: string, node: string, seen: Volume | undefined): Promise<void> {
  const volume = seen && withoutAttachment(seen, node) ? seen : await api.get(volumes, { name });
  if (!volume) return;
  try {
    await swap(api, name, volume, (now) => withoutAttachment(now, node));
  } catch (error) {
    if (!isCode(error, 'not-found')) throw error;
  }
}

async function swap(
  api: Api,
  name: string,
  first: Volume,
  change: (volume: Volume) => readonly Attachment[] | undefined,
): Promise<void> {
  let seen: Volume | undefined = first;
  for (;;) {
    if (!seen) return fail('not-found', `there is no volume "${name}"`);
    const attachments = change(seen);
    if (!attachments) return;
    try {
      // Who takes it wants it; who lets it go leaves what was said of it.
      const takes = attachments.length >= (seen.status?.attachments?.length ?? 0);
      const conditions = seen.status?.conditions?.filter(({ type }) => !takes || type !== deletionAsked);
      const status = { ...seen.status, attachments: [...attachments], ...(conditions && { conditions }) };
      await api.updateStatus(volumes, { ...seen, status });
      return;
    } catch (error) {
      if (!isCode(error, 'conflict')) throw error;
      seen = await api.get(volumes, { name });
    }
  }
}
