import { engineChecks } from '../../../engines/registry.ts';
import type { Check, Finding } from '../../../lib/finding.ts';
import { fileSystems, kernel, namespaces, nodeVersion, privileges, programs } from '../../doctor/machine.ts';
import { dataDirectory, limits, port, propagation, space } from '../../doctor/place.ts';
import { dataDirectory as dataDirectoryOf } from '../../flags/data-directory.ts';
import { count } from '../../output/human.ts';
import { printData } from '../../output/print.ts';
import type { Style } from '../../output/terminal.ts';
import type { Call } from '../../verb.ts';
import { store } from './store.ts';

const checks: readonly Check[] = [
  nodeVersion,
  kernel,
  privileges,
  programs,
  fileSystems,
  namespaces,
  dataDirectory,
  space,
  propagation,
  port,
  limits,
];
const order: readonly Finding['state'][] = ['bad', 'limited', 'good'];
const looks: Readonly<Record<Finding['state'], readonly [mark: string, style: Style]>> = {
  bad: ['✗', 'red'],
  limited: ['!', 'yellow'],
  good: ['✓', 'green'],
};

/** Looks at the machine, worst first. Returns 1 if something is in the way of Moorage, else 0. */
export async function doctor({ flags, terminal }: Call): Promise<number> {
  const directory = dataDirectoryOf(flags.data);
  const all = flags.store ? [store] : [...checks, ...(await engineChecks())];
  const findings = (await Promise.all(all.map((check) => check(directory)))).flat();
  findings.sort((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  const faults = findings.filter(({ state }) => state === 'bad').length;
  const exitCode = faults > 0 ? 1 : 0;
  if (await printData(findings, flags.output, terminal)) return exitCode;
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const { state, what, message, next } of findings) {
    const [mark, style] = looks[state];
    terminal.out(`${terminal.paint(style, mark)} ${what.padEnd(width)}  ${message}`);
    if (next) terminal.out(`${' '.repeat(width + 4)}→ ${next}`);
  }
  if (flags.store) return exitCode;
  const limits = findings.filter(({ state }) => state === 'limited').length;
  terminal.out(
    faults > 0
      ? `\nMoorage can't run here yet: ${count(faults, 'thing is', 'things are')} in the way.`
      : `\nMoorage can run here${limits > 0 ? `, with ${count(limits, 'limit')}` : ''}.`,
  );
  return exitCode;
}
