import { enableCompileCache } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Compiled code is kept between starts; this must run before anything large is imported. A pod keeps nothing, and what
// was kept would only take memory there.
if (!['controller', 'agent'].includes(process.argv[2] ?? '')) {
  enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'moorage'));
}
const { runCommandLine } = await import('./cli/main.ts');
process.exitCode = await runCommandLine(process.argv.slice(2), {
  up: async (flags) => (await import('./roles/up-process.ts')).runUp(flags),
  controller: async (flags) => (await import('./roles/cluster-process.ts')).runController(flags),
  agent: async (flags) => (await import('./roles/cluster-process.ts')).runAgent(flags),
});
