import { refuse } from '../../../api/status.ts';
import { shownValue } from '../../../lib/text.ts';

/** The options of a deletion, as its body or its query has them. */
export interface WireDeleteOptions {
  readonly orphanDependents?: boolean | undefined;
  /** Any text: which ones there are is checked where it is used. */
  readonly propagationPolicy?: string | undefined;
  readonly dryRun: readonly string[];
  readonly preconditions: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined };
}

/** Values beyond this many are not looked at: one would do. */
const mostDryRuns = 10;

/** Reads a body that should be a DeleteOptions, or undefined for none. Refuses with 400 what is of another type. */
export function deleteOptionsOf(body: unknown): WireDeleteOptions {
  const value = body ?? {};
  if (!isRecord(value)) return wrong('it', value);
  const kind = text(value, 'kind') || 'DeleteOptions';
  if (kind !== 'DeleteOptions') wrong('kind', kind);
  const grace = value['gracePeriodSeconds'] ?? 0;
  if (!Number.isInteger(grace)) wrong('gracePeriodSeconds', grace);
  const orphan = value['orphanDependents'] ?? undefined;
  if (orphan !== undefined && typeof orphan !== 'boolean') return wrong('orphanDependents', orphan);
  const dryRun: unknown = value['dryRun'] ?? [];
  if (!Array.isArray(dryRun)) return wrong('dryRun', dryRun);
  const preconditions = value['preconditions'] ?? {};
  if (!isRecord(preconditions)) return wrong('preconditions', preconditions);
  return {
    orphanDependents: orphan,
    propagationPolicy: text(value, 'propagationPolicy'),
    dryRun: dryRun.slice(0, mostDryRuns).map((it) => (typeof it === 'string' ? it : wrong('dryRun', it))),
    preconditions: { uid: text(preconditions, 'uid'), resourceVersion: text(preconditions, 'resourceVersion') },
  };
}

function text(value: Record<string, unknown>, key: string): string | undefined {
  const found = value[key] ?? undefined;
  return found === undefined || typeof found === 'string' ? found : wrong(key, found);
}

function wrong(field: string, value: unknown): never {
  return refuse(400, 'BadRequest', `the body is not a DeleteOptions: ${field} can't be ${shownValue(value)}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
