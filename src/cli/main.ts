import { CommanderError } from 'commander';
import { codeOf, exitCodes, messageOf } from '../lib/errors.ts';
import type { Roles } from './flags/up-flags.ts';
import { processTerminal } from './output/terminal.ts';
import { createProgram } from './program.ts';

/** Runs one command line, and returns its exit code. What goes wrong is printed, never thrown. */
export async function runCommandLine(argv: readonly string[], roles: Roles): Promise<number> {
  const terminal = processTerminal();
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read our output (head, less) has seen enough.
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    let exitCode = 0;
    const program = createProgram({ terminal, roles, setExitCode: (code) => (exitCode = code) });
    if (argv.length === 0) {
      program.outputHelp();
      return 0;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.invalid;
    terminal.note(`${terminal.paint('red', 'moorage:')} ${messageOf(error)}`);
    if (process.env['MOORAGE_DEBUG'] && error instanceof Error) terminal.note(error.stack ?? '');
    return exitCodes[codeOf(error)];
  }
}
