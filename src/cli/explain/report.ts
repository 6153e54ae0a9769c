import type { Condition, KubeObject } from '../../model/object.ts';
import { age } from '../output/human.ts';
import type { Terminal } from '../output/terminal.ts';
import { eventsOf, timeOf, type World } from '../world/world.ts';

/** Why an object is as it is. */
export interface Report {
  /** `claim default/data`. */
  readonly what: string;
  /** One sentence: the answer. */
  readonly verdict: string;
  readonly isWell: boolean;
  /** How it came to be so, a step a line. */
  readonly because: readonly string[];
  /** Each place and thing that was looked at. */
  readonly looked: readonly Look[];
  readonly conditions: readonly Condition[];
  readonly events: readonly {
    readonly time: string;
    readonly type: string;
    readonly reason: string;
    readonly message: string;
  }[];
  /** What a person can do now. */
  readonly next: readonly string[];
}

/** Something that was looked at, and whether it was taken. */
export interface Look {
  readonly what: string;
  readonly taken: boolean;
  readonly message: string;
}

/** A report on an object, with its conditions and events. */
export function reportOn(
  world: Pick<World, 'events'>,
  object: KubeObject,
  given: Pick<Report, 'verdict' | 'isWell'> & Partial<Report>,
): Report {
  const { name, namespace } = object.metadata;
  return {
    what: `${object.kind} ${namespace ? `${namespace}/` : ''}${name}`,
    because: [],
    looked: [],
    next: [],
    conditions: conditionsOf(object),
    events: eventsOf(world, object)
      .slice(-8)
      .map((event) => ({
        time: timeOf(event),
        type: event.type ?? 'Normal',
        reason: event.reason ?? '',
        message: event.message ?? '',
      })),
    ...given,
  };
}

function conditionsOf(object: KubeObject & { readonly status?: unknown }): readonly Condition[] {
  return (object.status as { readonly conditions?: readonly Condition[] } | undefined)?.conditions ?? [];
}

/** A report for people. */
export function printReport(report: Report, terminal: Terminal): string {
  const { paint } = terminal;
  const section = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? ['', paint('bold', title), ...lines] : [];
  const mark = (yes: boolean) => (yes ? paint('green', '✓') : paint('red', '✗'));
  return [
    `${paint('bold', report.what)}: ${paint(report.isWell ? 'green' : 'yellow', report.verdict)}`,
    ...section(
      'Because',
      report.because.map((line) => `  ${line}`),
    ),
    ...section(
      'Looked at',
      report.looked.map(({ what, taken, message }) => `  ${mark(taken)} ${what}: ${message}`),
    ),
    ...section(
      'Conditions',
      report.conditions.map(
        (it) => `  ${it.type}=${it.status}${it.message ? `: ${it.message}` : it.reason ? ` (${it.reason})` : ''}`,
      ),
    ),
    ...section(
      'Events',
      report.events.map(({ time, type, reason, message }) => `  ${age(time)} ago, ${type} ${reason}: ${message}`),
    ),
    ...section(
      'What to do',
      report.next.map((line) => `  ${line}`),
    ),
  ].join('\n');
}
