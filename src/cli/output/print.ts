import type { Kind } from '../../model/kind.ts';
import { resourceOf } from '../../model/kind.ts';
import type { KubeObject } from '../../model/object.ts';
import type { Terminal } from './terminal.ts';

/** What -o takes. Without it a verb prints for people. */
export type Format = 'json' | 'yaml' | 'wide' | 'name';
export const formats: readonly Format[] = ['json', 'yaml', 'wide', 'name'];

/** Prints data for programs and returns true, or returns false if people are meant to read it. */
export async function printData(data: unknown, format: Format | undefined, terminal: Terminal): Promise<boolean> {
  if (format === 'json') {
    terminal.out(JSON.stringify(data, undefined, 2));
  } else if (format === 'yaml') {
    const { stringify } = await import('yaml');
    terminal.out(stringify(data).trimEnd());
  } else {
    return false;
  }
  return true;
}

/** Prints an object for programs; or its name as `kubectl -o name` does; or returns false. */
export async function printObject<T extends KubeObject>(
  kind: Kind<T>,
  object: T,
  format: Format | undefined,
  terminal: Terminal,
): Promise<boolean> {
  if (format !== 'name') return printData(object, format, terminal);
  terminal.out(`${resourceOf({ group: kind.group, plural: kind.singular })}/${object.metadata.name}`);
  return true;
}
