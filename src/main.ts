import { runCommandLine } from './cli/main.ts';

process.exitCode = await runCommandLine(process.argv.slice(2), {
  up: async (flags) => (await import('./roles/up/up-process.ts')).runUp(flags),
  controller: async (flags) => (await import('./roles/cluster/cluster-process.ts')).runController(flags),
  agent: async (flags) => (await import('./roles/cluster/cluster-process.ts')).runAgent(flags),
});
