import { fail } from '../lib/errors.ts';
import type { Engine, EngineOptions } from './engine.ts';

type OpenEngine = (options: EngineOptions) => Engine;

/** The engines that there are, by their names: what a Pool's spec.engine can be. Each is loaded by its first pool. */
const engines: Readonly<Record<string, () => Promise<OpenEngine>>> = {
  local: () => import('./local/engine.ts').then((it) => it.openLocalEngine),
  quota: () => import('./quota/engine.ts').then((it) => it.openQuotaEngine),
};

/** The names of all engines. */
export const engineNames = Object.keys(engines);

/** Loads and opens the engine of that name. Throws `unsupported` if there is none. */
export async function openEngine(name: string, options: EngineOptions): Promise<Engine> {
  const load = Object.hasOwn(engines, name) ? engines[name] : undefined;
  if (!load) {
    return fail('unsupported', `there is no engine "${name}" here; spec.engine can be ${engineNames.join(', ')}`);
  }
  return (await load())(options);
}
