import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { fail } from '../../../src/lib/errors.ts';
import type { Layout } from './layout.ts';

const schema = z.object({
  /** The minor version of Kubernetes. */
  version: z.string(),
  /** Limits of the controller manager: those it has by itself, or raised ones. */
  kcm: z.enum(['default', 'raised']),
  /** The names of the nodes. */
  nodes: z.array(z.string()),
  /** Which of the networks in network.ts; undefined for a control plane alone, which is on loopback. */
  network: z.number().optional(),
  ports: z.object({ etcd: z.number(), etcdPeer: z.number(), apiServer: z.number() }),
  /** More flags for the API server. */
  apiServerFlags: z.array(z.string()),
});

/** What was chosen when a cluster was made; all else follows from it. */
export type State = z.infer<typeof schema>;

/** What was chosen for the cluster in a directory, or undefined if there is none. */
export async function readState(layout: Layout): Promise<State | undefined> {
  const text = await readFile(layout.state, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const parsed = schema.safeParse(JSON.parse(text));
  return parsed.success
    ? parsed.data
    : fail('invalid', `${layout.state} is of another release: take that cluster down by npm run kube:down first`);
}

/** Notes what was chosen, whole or not at all. */
export async function writeState(layout: Layout, state: State): Promise<void> {
  await mkdir(layout.directory, { recursive: true });
  await writeFile(`${layout.state}.new`, JSON.stringify(state, undefined, 2));
  await rename(`${layout.state}.new`, layout.state);
}
