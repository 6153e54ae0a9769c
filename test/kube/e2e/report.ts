import { readFile } from 'node:fs/promises';

/** What became of one test of the suite. */
export interface Spec {
  /** The part of the suite that it belongs to, such as `snapshottable`. */
  readonly group: string;
  readonly name: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it skipped itself, or failed. */
  readonly reason: string;
  readonly seconds: number;
  readonly output: string;
}

/** What ginkgo writes of one spec, as far as it is of use here. */
interface GinkgoSpec {
  readonly ContainerHierarchyTexts: readonly string[] | null;
  readonly LeafNodeType: string;
  readonly LeafNodeText: string;
  readonly State: string;
  readonly RunTime: number;
  readonly Failure?: { readonly Message?: string };
  readonly CapturedGinkgoWriterOutput?: string;
}

/** The tests that were chosen to run, from ginkgo's own JSON report. Those that a filter left out are not among them. */
export async function readReport(path: string): Promise<Spec[]> {
  const suites: { SpecReports: readonly GinkgoSpec[] | null }[] = JSON.parse(await readFile(path, 'utf8'));
  return suites.flatMap(({ SpecReports }) => (SpecReports ?? []).flatMap(specOf));
}

function specOf(spec: GinkgoSpec): Spec[] {
  const { LeafNodeType, LeafNodeText, State, RunTime, Failure, CapturedGinkgoWriterOutput: output = '' } = spec;
  const failed = !['passed', 'skipped', 'pending'].includes(State);
  const reason = Failure?.Message ?? '';
  // Set-up and clean-up of the whole suite are told only when they fail.
  if (LeafNodeType !== 'It' && !failed) return [];
  if (State === 'pending' || (State === 'skipped' && reason === '')) return [];
  const path = [...(spec.ContainerHierarchyTexts ?? []), LeafNodeText || LeafNodeType];
  return [
    {
      group: groupOf(path),
      name: path.slice(1).join(' '),
      outcome: failed ? 'failed' : State === 'passed' ? 'passed' : 'skipped',
      reason,
      seconds: RunTime / 1e9,
      output,
    },
  ];
}

/** The containers are: External Storage, [Driver: …], [Testpattern: …] [Tags] group. */
function groupOf(path: readonly string[]): string {
  const [group = ''] = path
    .filter((text) => text.includes('[Testpattern:'))
    .map((text) => text.replaceAll(/\[[^\]]*\]/g, ' ').trim());
  return group.split(/\s/)[0] || 'suite';
}

/** The table of all groups, the reasons of what was skipped, and the failures. */
export function summary(specs: readonly Spec[]): string {
  const count = (of: readonly Spec[], outcome: Spec['outcome']) => of.filter((it) => it.outcome === outcome).length;
  const line = (group: string, of: readonly Spec[]) =>
    [
      group.padEnd(24),
      ...(['passed', 'failed', 'skipped'] as const).map((outcome) => String(count(of, outcome)).padStart(7)),
    ].join(' ');
  const groups = Map.groupBy(specs, ({ group }) => group);
  const reasons = Map.groupBy(
    specs.filter(({ outcome }) => outcome === 'skipped'),
    ({ reason }) => reason.replace(/\s*\n[\s\S]*$/, ''),
  );
  return [
    `${'group'.padEnd(24)}  passed  failed skipped`,
    ...[...groups].sort(([a], [b]) => a.localeCompare(b)).map(([group, of]) => line(group, of)),
    line('all', specs),
    '',
    'skipped by themselves, for what was not declared:',
    ...[...reasons]
      .sort(([, a], [, b]) => b.length - a.length)
      .map(([why, of]) => `${`${of.length}`.padStart(5)}  ${why}`),
    ...specs
      .filter(({ outcome }) => outcome === 'failed')
      .flatMap(({ name, seconds, reason }) => ['', `FAILED after ${seconds.toFixed(0)} s: ${name}`, indent(reason)]),
  ].join('\n');
}

function indent(text: string): string {
  return text.split('\n').slice(0, 30).join('\n').replace(/^/gm, '    ');
}
