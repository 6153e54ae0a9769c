import { createServer } from 'node:net';
import { z } from 'zod';
import { fail } from '../../../src/lib/errors.ts';
import { exec } from '../../../src/lib/exec.ts';

const links = z.array(z.object({ ifname: z.string() }));

/**
 * The addresses of one cluster. Its nodes are on a bridge of this machine, whose own address the API server and the
 * name server have; each node routes a range for its pods. Several clusters can be there, each with its number.
 */
export class Network {
  readonly number: number;

  constructor(number: number) {
    this.number = number;
  }

  get bridge(): string {
    return `moorage-k${this.number}`;
  }
  get host(): string {
    return `${this.#prefix}.0.1`;
  }
  get serviceRange(): string {
    return `10.${96 + this.number}.0.0/16`;
  }
  /** The address of the service `kubernetes`. */
  get apiService(): string {
    return `10.${96 + this.number}.0.1`;
  }
  node(index: number): string {
    return `${this.#prefix}.0.${11 + index}`;
  }
  pods(index: number): string {
    return `${this.#prefix}.${1 + index}.0/24`;
  }
  /** This machine's end of a node's wire; the node's end is called eth0. */
  wire(index: number): string {
    return `${this.bridge}n${index + 1}`;
  }
  get #prefix(): string {
    return `10.${244 + this.number}`;
  }
}

/** A network whose bridge does not exist yet. */
export async function freeNetwork(): Promise<Network> {
  const taken = new Set(await linkNames());
  const numbers = [0, 1, 2, 3, 4, 5, 6, 7];
  const free = numbers.map((number) => new Network(number)).find(({ bridge }) => !taken.has(bridge));
  return free ?? fail('exhausted', `there are ${numbers.length} clusters already: take one down by npm run kube:down`);
}

/** Makes the bridge, or completes it. */
export async function makeBridge(network: Network): Promise<void> {
  if (!(await linkNames()).includes(network.bridge)) await ip('link', 'add', network.bridge, 'type', 'bridge');
  await ip('address', 'replace', `${network.host}/24`, 'dev', network.bridge);
  await ip('link', 'set', network.bridge, 'up');
}

/** Wires a new node, given by its first process, to the bridge: its address, its routes and those to its pods. */
export async function wireNode(network: Network, index: number, count: number, pid: number): Promise<void> {
  const wire = network.wire(index);
  // That of a node that ended a moment ago can still be there.
  if ((await linkNames()).includes(wire)) await exec(['ip', 'link', 'delete', wire], { ok: [0, 1] });
  await ip('link', 'add', wire, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid));
  await ip('link', 'set', wire, 'master', network.bridge, 'up');
  const inNode = (...args: string[]) => exec(['nsenter', '-t', String(pid), '-n', 'ip', ...args]);
  await inNode('link', 'set', 'lo', 'up');
  await inNode('address', 'add', `${network.node(index)}/24`, 'dev', 'eth0');
  await inNode('link', 'set', 'eth0', 'up');
  await inNode('route', 'add', 'default', 'via', network.host);
  for (let other = 0; other < count; other += 1) {
    if (other !== index) await inNode('route', 'add', network.pods(other), 'via', network.node(other));
  }
  await ip('route', 'replace', network.pods(index), 'via', network.node(index));
  // Any node finds the pods of a service; from this machine it is always the first.
  if (index === 0) await ip('route', 'replace', network.serviceRange, 'via', network.node(index));
}

/** Takes the bridge away, and with it all routes over it. The wires go with their nodes. */
export async function removeBridge(network: Network): Promise<void> {
  if ((await linkNames()).includes(network.bridge)) await ip('link', 'delete', network.bridge);
}

/** A port on loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  const { promise, resolve } = Promise.withResolvers<void>();
  server.once('listening', resolve);
  await promise;
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : fail('internal', 'the new server has no port');
}

async function ip(...args: string[]): Promise<string> {
  return (await exec(['ip', ...args])).stdout;
}

async function linkNames(): Promise<string[]> {
  return links.parse(JSON.parse(await ip('-json', 'link', 'show'))).map(({ ifname }) => ifname);
}
