import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { KubeApi } from '../../../api/kube/index.ts';
import { messageOf } from '../../../lib/errors.ts';
import type { Mount } from '../../../model/kinds/index.ts';
import { mounts } from '../../../model/kinds/index.ts';
import { refTo } from '../../../model/object.ts';
import { connect, namespaceOf } from '../../connection.ts';
import { getClaim, readTimeout } from '../../objects/claims.ts';
import { ensureMount, unmount, waitMounted } from '../../objects/mounts.ts';
import { requireMounts } from '../../objects/served-kinds.ts';
import { printObject } from '../../output/print.ts';
import { Progress } from '../../output/progress.ts';
import type { Terminal } from '../../output/terminal.ts';
import type { Call } from '../../verb.ts';

/** Mounts a claim at a path, and waits for it. The same call again finds the same Mount. */
export async function mount({ args, flags, terminal }: Call): Promise<number> {
  const [claimName = '', givenPath = ''] = args;
  await using api = await connect(flags);
  const namespace = namespaceOf(flags, api);
  using progress = new Progress(terminal, `mounting ${claimName}`);
  await requireMounts(api, `mounting ${claimName}`);
  await getClaim(api, namespace, claimName);
  const path = resolve(givenPath);
  const object: Mount = {
    apiVersion: 'moorage.dev/v1alpha1',
    kind: 'Mount',
    metadata: { namespace, name: flags.name ?? mountName(claimName, path) },
    spec: { claim: claimName, path, readOnly: flags.readOnly ?? false },
  };
  const { mount: made, isNew } = await ensureMount(api, object);
  const mounted = await untilInterrupted(waitMounted(api, made, progress, readTimeout(flags.timeout))).catch(
    async (error: unknown) => {
      if (isNew) await takeBack(api, made, progress, terminal);
      throw error;
    },
  );
  progress[Symbol.dispose]();
  if (await printObject(mounts, mounted, flags.output, terminal)) return 0;
  terminal.out(
    `${path} is ${namespace}/${claimName}${mounted.spec.readOnly ? ', read-only' : ''} (Mount ${mounted.metadata.name}).`,
  );
  return 0;
}

/** What did not become a mount must not become one later, when nobody expects it any more. */
async function takeBack(api: KubeApi, made: Mount, progress: Progress, terminal: Terminal): Promise<void> {
  try {
    await unmount(api, refTo(made), progress, 10_000);
  } catch (error) {
    terminal.note(`moorage: taking Mount ${made.metadata.name} back: ${messageOf(error)}`);
  }
}

/** Waits for it, or for the person to press Ctrl-C. */
async function untilInterrupted<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(new Error('interrupted'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await Promise.race([work, promise]);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

/** A name that says which claim, and differs for each path. */
function mountName(claim: string, path: string): string {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 8);
  return `${claim.slice(0, 54)}-${hash}`;
}
