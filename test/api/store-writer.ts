import { writeSync } from 'node:fs';
import { openEmbeddedApi } from '../../src/api/embedded/embedded-api.ts';
import { silent } from '../../src/lib/log.ts';
import { allKinds, nodes } from '../../src/model/kinds/index.ts';

/**
 * Writes for ever, 16 at a time, and says on standard output what was acknowledged, one line each: `+name count` for
 * a label's value, `-name` for a deletion. On descriptor 3 it says that it has begun. Its parent kills it.
 */
const [file = '', round = ''] = process.argv.slice(2);
const api = await openEmbeddedApi({ file, log: silent, kinds: allKinds });
let isFirst = true;
await Promise.all(Array.from({ length: 16 }, (_, worker) => work(worker)));

async function work(worker: number): Promise<void> {
  for (let serial = 0; ; serial += 1) {
    const name = `node-${round}-${worker}-${serial}`;
    await api.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { count: '0' } } });
    process.stdout.write(`+${name} 0\n`);
    if (isFirst) writeSync(3, 'begun\n');
    isFirst = false;
    for (let count = 1; count < 4; count += 1) {
      const body = { metadata: { labels: { count: String(count) } } };
      await api.patch(nodes, { name }, { type: 'merge', body });
      process.stdout.write(`+${name} ${count}\n`);
    }
    if (serial % 2 === 0) {
      await api.delete(nodes, { name });
      process.stdout.write(`-${name}\n`);
    }
  }
}
