import { readFile } from 'node:fs/promises';
import type { Cluster } from '../../test/kube/cluster/index.ts';

const ticksPerSecond = 100;

/** Processor seconds that processes took until now, with those of their children that have ended. */
export async function cpuSeconds(pids: readonly number[]): Promise<number> {
  let ticks = 0;
  for (const pid of pids) {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may itself hold spaces; utime, stime, cutime and cstime are fields 14 to 17.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    ticks += [11, 12, 13, 14].reduce((sum, index) => sum + Number(fields[index]), 0);
  }
  return ticks / ticksPerSecond;
}

/** Memory of processes in MiB; of a page that several processes share, each has its part (PSS). */
export async function memoryMiB(pids: readonly number[]): Promise<number> {
  let kib = 0;
  for (const pid of pids)
    kib += Number(/^Pss:\s*(\d+)/m.exec(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]);
  return kib / 1024;
}

/** Requests that the API server has answered until now, but for watches, leases, and its questions to itself. */
export async function requestsAnswered(cluster: Cluster): Promise<number> {
  const metrics = await cluster.kubectl(['get', '--raw', '/metrics']);
  let sum = 0;
  for (const line of metrics.split('\n')) {
    const [, labels, value] = /^apiserver_request_total\{(.*)\} (\S+)$/.exec(line) ?? [];
    if (labels === undefined) continue;
    if (/verb="(WATCH|CONNECT)"|resource="leases"|resource="(nodes|pods)"|[{,]resource=""/.test(labels)) continue;
    sum += Number(value);
  }
  return sum;
}
