/**
 * A client that behaves, in a thread of its own, so that nothing but the server and the machine keeps it waiting: every
 * 100 ms it creates, reads and deletes a small object. Tells how long each answer took, and what was wrong with it.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { parentPort, workerData } from 'node:worker_threads';
import { loadConnection } from '../../src/api/kube/index.ts';
import { sleep } from '../../src/lib/clock.ts';

/** What the probe tells after each answer. */
export interface Probed {
  readonly ms: number;
  /** Milliseconds of these for which the server's thread was at work, for others: the rest is the machine's. */
  readonly worked: number;
  readonly problem?: string;
}

const { kubeconfig, pid } = workerData as { kubeconfig: string; pid: number };
const { server, authority, certificate, key } = loadConnection({ kubeconfig });
// From an address of its own it is a client of its own.
const agent = new Agent({
  keepAlive: true,
  maxSockets: 1,
  localAddress: '127.0.0.2',
  ca: authority,
  cert: certificate,
  key,
});
const maps = '/api/v1/namespaces/probed/configmaps';

/** Milliseconds for which the main thread of a process has run. Throws if there is no such process. */
function workOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

function tell(probed: Probed): void {
  parentPort?.postMessage(probed);
}

async function ask(method: string, path: string, code: number, body?: object): Promise<Record<string, unknown>> {
  const [started, worked] = [performance.now(), workOf(pid)];
  const sent = body && JSON.stringify(body);
  const headers = sent === undefined ? {} : { 'content-type': 'application/json', 'content-length': sent.length };
  const asked = request(`${server}${path}`, { method, agent, headers });
  asked.end(sent);
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  const problem = response.statusCode === code ? {} : { problem: `${method} ${path}: ${response.statusCode} ${text}` };
  tell({ ms: performance.now() - started, worked: workOf(pid) - worked, ...problem });
  return JSON.parse(text) as Record<string, unknown>;
}

const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'probed' } };
await ask('POST', '/api/v1/namespaces', 201, namespace);
for (let count = 0; ; count += 1) {
  const data = { count: String(count) };
  const name = `probe-${count}`;
  await ask('POST', maps, 201, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data });
  const found = await ask('GET', `${maps}/${name}`, 200);
  if (JSON.stringify(found['data']) !== JSON.stringify(data)) {
    tell({ ms: 0, worked: 0, problem: `${name} came back with other data` });
  }
  await ask('DELETE', `${maps}/${name}`, 200);
  await ask('GET', `${maps}/${name}`, 404);
  await sleep(100);
}
