import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Mount } from '../../model/kinds/index.ts';
import { mounts } from '../../model/kinds/index.ts';
import { getClaim, readTimeout } from '../claims.ts';
import { connect, namespaceOf } from '../connection.ts';
import { ensureMount, waitMounted } from '../mounts.ts';
import { printObject } from '../output/print.ts';
import { Progress } from '../output/progress.ts';
import { requireMounts } from '../served.ts';
import type { Call } from '../verb.ts';

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
  const made = await ensureMount(api, object);
  const mounted = await waitMounted(api, made, progress, readTimeout(flags.timeout));
  progress[Symbol.dispose]();
  if (await printObject(mounts, mounted, flags.output, terminal)) return 0;
  terminal.out(
    `${path} is ${namespace}/${claimName}${mounted.spec.readOnly ? ', read-only' : ''} (Mount ${mounted.metadata.name}).`,
  );
  return 0;
}

/** A name that says which claim, and differs for each path. */
function mountName(claim: string, path: string): string {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, 8);
  return `${claim.slice(0, 54)}-${hash}`;
}
