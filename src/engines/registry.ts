import { fail } from '../lib/errors.ts';
import type { Check } from '../lib/finding.ts';
import type { Engine, EngineOptions } from './engine.ts';

/** An engine as the registry knows it: how it is opened, and what it needs of a machine. Each is loaded when it is used. */
interface Entry {
  readonly open: () => Promise<(options: EngineOptions) => Engine>;
  readonly checks: () => Promise<readonly Check[]>;
}

/** The engines that there are, by their names: what a Pool's spec.engine can be. */
const engines: Readonly<Record<string, Entry>> = {
  local: {
    open: () => import('./local/engine.ts').then((it) => it.openLocalEngine),
    checks: () => import('./local/checks.ts').then((it) => it.localChecks),
  },
  quota: {
    open: () => import('./quota/engine.ts').then((it) => it.openQuotaEngine),
    checks: () => import('./quota/checks.ts').then((it) => it.quotaChecks),
  },
};

/** The names of all engines. */
export const engineNames = Object.keys(engines);

/** Loads and opens the engine of that name. Throws `unsupported` if there is none. */
export async function openEngine(name: string, options: EngineOptions): Promise<Engine> {
  const entry = Object.hasOwn(engines, name) ? engines[name] : undefined;
  if (!entry)
    return fail('unsupported', `there is no engine "${name}" here; spec.engine can be ${engineNames.join(', ')}`);
  return (await entry.open())(options);
}

/** What the engines need of a machine, each by looks of its own. */
export async function engineChecks(): Promise<readonly Check[]> {
  return (await Promise.all(Object.values(engines).map(({ checks }) => checks()))).flat();
}
