/**
 * Sends hostile requests to a server of its own and prints how it did: `npm run fuzz -- --seconds 60`. `--seed` makes
 * the same requests again, and `--only 3:271` that one alone, which a failure has named.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(randomInt(2 ** 31)) },
    only: { type: 'string' },
  },
});
console.log(`seed ${values.seed}`);
const report = await fuzz({ seed: Number(values.seed), seconds: Number(values.seconds), only: values.only });
const { probes } = report;
console.log(`${report.requests} requests, and ${report.misbehaviours} connections that misbehaved`);
console.log(`answers by code (0: the connection was closed) ${JSON.stringify(report.codes)}`);
console.log(
  `${probes.count} probes: p50 ${probes.p50} ms, p99 ${probes.p99} ms, at most ${probes.max} ms; work for others at most ${probes.worked} ms`,
);
console.log(`at most ${report.memory} MiB resident`);
for (const problem of report.problems) console.error(`\n${problem}`);
if (report.problems.length > 0) console.error(`\nfailed; again: npm run fuzz -- --seed ${report.seed}`);
process.exit(report.problems.length > 0 ? 1 : 0);
