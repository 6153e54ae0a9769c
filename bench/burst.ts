/**
 * A client in a process of its own: creates so many claims at once over HTTPS, so many requests in flight, and sees
 * by a watch when each is bound. Prints what it measured as JSON.
 */
import { Client } from './client.ts';
import { claim, paths } from './objects.ts';
import { percentile } from './statistics.ts';

const [kubeconfig = '', countText = '0', inFlightText = '48', storageClassName = 'default'] = process.argv.slice(2);
const count = Number(countText);
await using client = new Client(kubeconfig, Number(inFlightText) + 1);
const begun = new Map<string, number>();
const latencies: number[] = [];
const all = Promise.withResolvers<number>();

await client.watch(paths.claims, ({ object: { metadata, status }, at }) => {
  const start = begun.get(metadata.name);
  if (status?.phase !== 'Bound' || start === undefined) return;
  begun.delete(metadata.name);
  latencies.push(at - start);
  if (latencies.length === count) all.resolve(at);
});

let next = 0;
async function create(): Promise<void> {
  while (next < count) {
    const name = `burst-${next++}`;
    begun.set(name, performance.now());
    await client.call('POST', paths.claims, claim({ name, storageClassName, size: '1Mi' }));
  }
}
const started = performance.now();
await Promise.all(Array.from({ length: Number(inFlightText) }, create));
const created = performance.now() - started;
const seconds = ((await all.promise) - started) / 1000;
const result = {
  count,
  createSeconds: created / 1000,
  seconds,
  rate: count / seconds,
  p50: percentile(latencies, 50),
  p99: percentile(latencies, 99),
};
process.stdout.write(`${JSON.stringify(result)}\n`);
