import type { KubeApi } from '../../../api/kube/index.ts';
import { fail } from '../../../lib/errors.ts';
import { events, mounts, type PersistentVolumeClaim, persistentVolumeClaims } from '../../../model/kinds/index.ts';
import { bytesOf, formatBytes } from '../../../model/quantity.ts';
import { connect, namespaceOf } from '../../connection.ts';
import { getClaim, newestEvent, readSize, readTimeout, sizeOf } from '../../objects/claims.ts';
import { listServed } from '../../objects/served-kinds.ts';
import { waitFor } from '../../objects/wait-for.ts';
import { humanBytes, humanQuantity } from '../../output/human.ts';
import { printObject } from '../../output/print.ts';
import { Progress } from '../../output/progress.ts';
import type { Call } from '../../verb.ts';

/** Grows a claim to a size, or by one (+5Gi), and waits until the volume and its file system have it. */
export async function grow({ args, flags, terminal }: Call): Promise<number> {
  const [name = '', sizeText = ''] = args;
  await using api = await connect(flags);
  const namespace = namespaceOf(flags, api);
  using progress = new Progress(terminal, `growing ${name}`);
  const claim = await getClaim(api, namespace, name);
  const size = readSize(sizeText.replace(/^\+/, '')) + (sizeText.startsWith('+') ? bytesOf(sizeOf(claim)) : 0n);
  if (size < bytesOf(sizeOf(claim))) {
    fail(
      'invalid',
      `${name} has ${sizeOf(claim)} already, and volumes never shrink: clone or copy it into a smaller one`,
    );
  }
  const users = (await listServed(api, mounts, namespace)) ?? [];
  const isMounted = users.some(({ spec, status }) => spec.claim === name && status?.phase === 'Mounted');
  using _ = watchWarnings(api, claim, (message) => progress.update(`growing ${name}: ${message}`));
  const body = { spec: { resources: { requests: { storage: formatBytes(size) } } } };
  const patched = await api.patch(persistentVolumeClaims, { namespace, name }, { type: 'merge', body });
  const done =
    flags.wait === false
      ? patched
      : await waitFor({
          api,
          kind: persistentVolumeClaims,
          ref: { namespace, name },
          timeout: readTimeout(flags.timeout),
          until: (it) => {
            if (!it) return fail('not-found', `claim ${name} was deleted by somebody else`);
            const condition = it.status?.conditions?.find(
              ({ type, status }) => /Resiz/.test(type) && status === 'True',
            );
            if (condition?.message) progress.update(`growing ${name}: ${condition.message}`);
            return hasSize(it, size) || (!isMounted && awaitsMount(it, size));
          },
          late: async () => {
            const event = await newestEvent(api, claim);
            return `it has not grown yet${event?.message ? ` (${event.message})` : ''}; it goes on, and "moorage explain pvc/${name}" tells more`;
          },
        });
  progress[Symbol.dispose]();
  const last = done ?? patched;
  if (await printObject(persistentVolumeClaims, last, flags.output, terminal)) return 0;
  if (hasSize(last, size)) terminal.out(`Claim ${name} has ${humanQuantity(last.status?.capacity?.['storage'])}.`);
  else if (flags.wait === false) terminal.out(`Claim ${name} will grow to ${humanBytes(size)}.`);
  else terminal.out(`The volume of ${name} has ${humanBytes(size)}; its file system grows when it is next mounted.`);
  return 0;
}

function hasSize(claim: PersistentVolumeClaim, size: bigint): boolean {
  return bytesOf(claim.status?.capacity?.['storage'] ?? '0') >= size;
}

/** The volume has grown that far, and only a mount is missing for its file system to follow. */
function awaitsMount({ status }: PersistentVolumeClaim, size: bigint): boolean {
  const isPending = status?.conditions?.some((it) => it.type === 'FileSystemResizePending' && it.status === 'True');
  return isPending === true && bytesOf(status?.allocatedResources?.['storage'] ?? '0') >= size;
}

/** Tells what goes wrong while we wait: the warnings about the claim from now on. */
function watchWarnings(api: KubeApi, claim: PersistentVolumeClaim, tell: (message: string) => void): Disposable {
  const stop = new AbortController();
  const { uid, namespace } = claim.metadata;
  const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
  const watch = async () => {
    const { resourceVersion } = await api.list(events, { namespace, fieldSelector, limit: 1 });
    const options = { namespace, fieldSelector, resourceVersion, signal: stop.signal };
    for await (const { object } of api.watch(events, options)) if (object.message) tell(object.message);
  };
  // A courtesy: the growth itself is watched elsewhere.
  watch().catch(() => {});
  return { [Symbol.dispose]: () => stop.abort() };
}
