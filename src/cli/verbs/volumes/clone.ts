import { type PersistentVolumeClaim, persistentVolumeClaims } from '../../../model/kinds/index.ts';
import { connect, namespaceOf } from '../../connection.ts';
import { claimLike, getClaim, readSize, readTimeout, sizeOf, sizeToCopy, waitBound } from '../../objects/claims.ts';
import { humanQuantity } from '../../output/human.ts';
import { printObject } from '../../output/print.ts';
import { Progress } from '../../output/progress.ts';
import type { Terminal } from '../../output/terminal.ts';
import type { Call, Flags } from '../../verb.ts';

/** Makes a new claim that starts as a copy of another one, and waits until it is bound. */
export async function clone({ args, flags, terminal }: Call): Promise<number> {
  const [fromName = '', name = ''] = args;
  await using api = await connect(flags);
  const namespace = namespaceOf(flags, api);
  using progress = new Progress(terminal, `cloning ${fromName} into ${name}`);
  const like = await getClaim(api, namespace, fromName);
  const size = flags.size ? readSize(flags.size) : await sizeToCopy(api, like);
  const source = { apiGroup: null, kind: 'PersistentVolumeClaim', name: fromName };
  const wish = claimLike({ like, name, namespace, storageClass: flags.storageClass, size, source });
  const made = await api.create(persistentVolumeClaims, wish);
  const bound = await waitBound(api, made, progress, readTimeout(flags.timeout));
  return sayBound({ made, bound, progress, what: `claim ${fromName}`, flags, terminal });
}

/** Prints what became of a new claim that is a copy of something. */
export async function sayBound(news: {
  readonly made: PersistentVolumeClaim;
  /** Undefined if it waits for its first consumer. */
  readonly bound: PersistentVolumeClaim | undefined;
  readonly progress: Progress;
  readonly what: string;
  readonly flags: Flags;
  readonly terminal: Terminal;
}): Promise<number> {
  const { made, bound, what, terminal } = news;
  news.progress[Symbol.dispose]();
  if (await printObject(persistentVolumeClaims, bound ?? made, news.flags.output, terminal)) return 0;
  const { name } = made.metadata;
  terminal.out(
    bound
      ? `Claim ${name} is bound: a copy of ${what}, ${humanQuantity(sizeOf(bound))}.`
      : `Claim ${name} is made; its class waits for a first consumer, so it becomes a copy of ${what} when it is first mounted.`,
  );
  return 0;
}
