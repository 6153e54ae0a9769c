import type { Api } from '../../../api/api.ts';
import type { Kind } from '../../../model/kind.ts';
import {
  anyKind,
  kindByName,
  mounts,
  namespaces,
  persistentVolumeClaims,
  storageClasses,
  volumeSnapshots,
} from '../../../model/kinds/index.ts';
import { connect, namespaceOf } from '../../connection.ts';
import type { Call } from '../../verb.ts';

const sources: Readonly<Record<string, Kind>> = {
  claims: anyKind(persistentVolumeClaims),
  snapshots: anyKind(volumeSnapshots),
  namespaces: anyKind(namespaces),
  classes: anyKind(storageClasses),
};
const explained = ['pvc', 'pv', 'volume', 'mount', 'pool', 'snapshot', 'volumesnapshot'];

/** For the completion scripts: prints the names that could be meant, one a line; nothing if nobody answers. */
export async function complete({ args, flags, terminal }: Call): Promise<number> {
  const [source = '', typed = ''] = args;
  try {
    await using api = await connect(flags);
    const names = await namesOf(api, source, typed, namespaceOf(flags, api));
    if (names.length > 0) terminal.out(names.join('\n'));
  } catch {
    // A shell that completes is no place for messages.
  }
  return 0;
}

async function namesOf(api: Api, source: string, typed: string, namespace: string): Promise<string[]> {
  if (source === 'objects') {
    const [kindName = '', rest] = typed.split('/');
    const kind = rest === undefined ? undefined : kindByName(kindName);
    if (!kind) return explained.map((name) => `${name}/`);
    return (await list(api, kind, namespace)).map((name) => `${kindName}/${name}`);
  }
  if (source === 'mounts') {
    const { items } = await api.list(mounts, { limit: 500 });
    return items.flatMap(({ metadata, spec }) => (typed.startsWith('/') ? [spec.path] : [metadata.name]));
  }
  const kind = sources[source];
  return kind ? list(api, kind, namespace) : [];
}

async function list(api: Api, kind: Kind, namespace: string): Promise<string[]> {
  const { items } = await api.list(kind, { ...(kind.namespaced ? { namespace } : {}), limit: 500 });
  return items.map(({ metadata }) => metadata.name);
}
