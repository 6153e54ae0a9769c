/** Builds the programs of the Kubernetes under test: all, or those that are named. Prints the path of each. */
import { messageOf } from '../../../src/lib/errors.ts';
import { tool } from './build.ts';
import { familiesOf, kubeVersion } from './families.ts';

const wanted = process.argv.slice(2);
const names =
  wanted.length > 0 ? wanted : familiesOf(kubeVersion).flatMap(({ tools }) => tools.map(({ name }) => name));
try {
  for (const name of names) console.log(await tool(name, { say: (text) => console.error(`tools: ${text}`) }));
} catch (error) {
  console.error(`tools: ${messageOf(error)}`);
  process.exitCode = 1;
}
