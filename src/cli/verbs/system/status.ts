import type { KubeApi } from '../../../api/kube/index.ts';
import { fail, messageOf } from '../../../lib/errors.ts';
import { own } from '../../../lib/own.ts';
import type { KubeObject } from '../../../model/object.ts';
import { bytesOf } from '../../../model/quantity.ts';
import { connect, kubeconfigPath } from '../../connection.ts';
import { dataDirectory, runningProcess } from '../../flags/data-directory.ts';
import { age, count, humanQuantity } from '../../output/human.ts';
import { printData } from '../../output/print.ts';
import { table } from '../../output/table.ts';
import type { Terminal } from '../../output/terminal.ts';
import type { Call } from '../../verb.ts';
import { leaderOf } from '../../world/leader.ts';
import { missingMounts } from '../../world/missing-mounts.ts';
import { findProblems, type Problem } from '../../world/problems.ts';
import { readWorld, type World } from '../../world/world.ts';

/** One screen: does it run, how full is it, what is there, and what is wrong. Exit code 7 if it does not run. */
export async function status({ flags, terminal }: Call): Promise<number> {
  const { from } = kubeconfigPath(flags);
  const data = dataDirectory(flags.data);
  const pid = from === 'the data directory' ? await runningProcess(data) : undefined;
  await using api = await connect(flags);
  const world = await readWorld(api).catch((error: unknown) => {
    const reason = messageOf(error);
    const why = pid
      ? `Moorage runs as process ${pid}, but gives no answer; see its log. The last error: ${reason}`
      : reason;
    return fail('not-ready', why, error);
  });
  const missing = pid === undefined ? [] : await missingMounts(world.mounts, pid);
  const problems = findProblems(world, Date.now(), missing);
  if (await printData(summary(world, problems), flags.output, terminal)) return 0;
  terminal.out(await headline(api, world, pid ? ` as process ${pid}, with its data in ${data}` : ''));
  terminal.out(`\n${pools(world, terminal)}`);
  terminal.out(`\n${objects(world, terminal)}`);
  const drivers = world.csiNodes.flatMap((node) => (node.spec.drivers ?? []).map(({ name }) => name));
  terminal.out(`\nCSI drivers: ${[...new Set(drivers)].join(', ') || 'none'}`);
  terminal.out(`\n${wrong(problems, terminal)}`);
  return 0;
}

async function headline(api: KubeApi, world: World, where: string): Promise<string> {
  if (!world.isCluster) return `Moorage runs${where}.`;
  const leader = await leaderOf(api);
  const nodes = new Set(world.pools.map(({ spec }) => spec.node));
  return leader
    ? `Moorage runs in the cluster at ${api.url}, with pools on ${count(nodes.size, 'node')}; ${leader} leads.`
    : `The cluster at ${api.url} answers, but no controller of Moorage leads there, or you may not see it.`;
}

function summary(world: World, problems: readonly Problem[]) {
  return {
    pools: world.pools.map(({ metadata, status }) => ({ name: metadata.name, ...status })),
    claims: phases(world.claims),
    volumes: phases(world.volumes),
    snapshots: phases(world.snapshots),
    mounts: phases(world.mounts),
    problems,
  };
}

function pools(world: World, terminal: Terminal): string {
  if (world.pools.length === 0) return 'There is no pool: create a Pool, or nothing can be made.';
  const rows = world.pools.flatMap((pool) => {
    const nodes = pool.status?.nodes?.length ? pool.status.nodes : [undefined];
    return nodes.map((node) => [
      pool.metadata.name,
      pool.status?.phase ?? 'Pending',
      node?.backend ?? pool.spec.backend,
      humanQuantity(node?.total),
      `${humanQuantity(node?.used)}${share(node?.used, node?.total)}`,
      humanQuantity(node?.allocated),
      humanQuantity(node?.available),
      node?.path ?? pool.spec.path ?? '',
    ]);
  });
  return table(['pool', 'phase', 'backend', 'total', 'used', 'promised', 'available', 'path'], rows, terminal);
}

function share(part: string | undefined, whole: string | undefined): string {
  const total = whole ? bytesOf(whole) : 0n;
  return part && total > 0n ? ` (${(bytesOf(part) * 100n) / total}%)` : '';
}

function objects(world: World, terminal: Terminal): string {
  const row = (name: string, list: readonly KubeObject[]) => {
    const newest = list
      .map(({ metadata }) => metadata.creationTimestamp ?? '')
      .sort()
      .at(-1);
    const detail = Object.entries(phases(list)).map(([phase, number]) => `${number} ${phase}`);
    return [name, String(list.length), detail.join(', ') || '-', age(newest)];
  };
  return table(
    ['what', 'count', 'of these', 'newest'],
    [
      row('claims', world.claims),
      row('volumes', world.volumes),
      row('snapshots', world.snapshots),
      ...(world.isCluster ? [] : [row('mounts', world.mounts)]),
    ],
    terminal,
  );
}

function phases(
  list: readonly (KubeObject & { readonly status?: { readonly phase?: string | undefined } | undefined })[],
) {
  const found: Record<string, number> = {};
  for (const { metadata, status } of list) {
    const phase = metadata.deletionTimestamp ? 'Terminating' : (status?.phase ?? 'Pending');
    found[phase] = (own(found, phase) ?? 0) + 1;
  }
  return found;
}

const shown = 10;

function wrong(problems: readonly Problem[], terminal: Terminal): string {
  if (problems.length === 0) return terminal.paint('green', 'Nothing is wrong.');
  const lines = problems.slice(0, shown).flatMap(({ object, namespace, message }) => {
    const where = namespace && namespace !== 'default' ? ` -n ${namespace}` : '';
    return [`  ${terminal.paint('bold', object)}: ${message}`, `    moorage explain ${object}${where}`];
  });
  const more = problems.length > shown ? [`  … and ${problems.length - shown} more`] : [];
  return [terminal.paint('red', `${count(problems.length, 'thing is', 'things are')} wrong:`), ...lines, ...more].join(
    '\n',
  );
}
