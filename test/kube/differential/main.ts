/**
 * Plays scenarios on both sides and prints what differs and is not known to, or with --all whatever differs:
 * `node test/kube/differential/main.ts [--all] [NAME…]`.
 */
import { known } from './known.ts';
import { play } from './run.ts';
import { scenarios } from './scenarios/index.ts';
import { openCluster, openEmbedded } from './side.ts';

const names = process.argv.slice(2).filter((name) => !name.startsWith('--'));
const all = process.argv.includes('--all');
await using embedded = await openEmbedded();
await using cluster = await openCluster();
const chosen = scenarios.filter(({ name }) => names.length === 0 || names.includes(name));
const seen = new Set<string>();
for (const difference of await play(chosen, embedded, cluster)) {
  const why = known.find(({ covers }) => covers(difference))?.name;
  if (why) seen.add(why);
  if (why && !all) continue;
  const { scenario, step, field, embedded: one, cluster: other } = difference;
  console.log(`${scenario}: ${step}: ${field}${why ? ` (${why})` : ''}\n    embedded: ${one}\n    cluster:  ${other}`);
}
const gone = known.filter(({ name, sometimes }) => !sometimes && !seen.has(name)).map(({ name }) => name);
if (names.length === 0 && gone.length > 0) console.log(`known, but not seen: ${gone.join(', ')}`);
