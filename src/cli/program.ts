import { Command, Option } from 'commander';
import { exitCodes } from '../lib/errors.ts';
import { ownVersion } from '../lib/version.ts';
import type { Roles } from './flags/up-flags.ts';
import type { Terminal } from './output/terminal.ts';
import type { Flags, Verb } from './verb.ts';
import { verbs } from './verbs/index.ts';

export interface ProgramOptions {
  readonly terminal: Terminal;
  readonly roles: Roles;
  readonly setExitCode: (code: number) => void;
}

/** The command line as a tree: what is parsed, what --help shows, and what completion is made from. */
export function createProgram(options: ProgramOptions): Command {
  const program = new Command('moorage')
    .description('Volumes from the disks of this machine, claimed as Kubernetes does it.')
    .helpOption('-h, --help', 'show this')
    .version(`moorage ${ownVersion()}`, '-V, --version', 'print the version; `moorage version` says more')
    .helpCommand('help [verb]', 'show what a verb does')
    .showHelpAfterError('(see "moorage --help")')
    .enablePositionalOptions()
    .exitOverride()
    .addHelpText('after', `\n${exitCodeHelp}\n\nStart with "moorage up"; then "moorage status" tells more.`);
  for (const verb of verbs) addVerb(program, verb, options);
  return program;
}

const exitCodeHelp = [
  'Exit codes: 0 success,',
  Object.entries(exitCodes)
    .map(([code, number]) => `${number} ${code}`)
    .join(', '),
]
  .join(' ')
  .replace(/(.{60,90}?,) /g, '$1\n  ');

function addVerb(program: Command, verb: Verb, { terminal, roles, setExitCode }: ProgramOptions): void {
  const command = program
    .command(verb.usage, { hidden: verb.isHidden ?? false })
    .description(verb.details ? `${capital(verb.summary)}.\n\n${verb.details}` : `${capital(verb.summary)}.`)
    .summary(verb.summary)
    .helpOption('-h, --help', 'show this')
    .showHelpAfterError(`(see "moorage help ${verb.usage.split(' ')[0]}")`)
    .passThroughOptions(verb.passesOn ?? false)
    .exitOverride();
  for (const [flags, description] of verb.flags ?? []) command.addOption(option(flags, description));
  if (verb.connects) {
    command.option('-n, --namespace <name>', 'namespace (default: default)');
    command.option(
      '--kubeconfig <file>',
      'talk to the API that this file names (default: the data directory’s, or KUBECONFIG)',
    );
    if (!verb.flags?.some(([flags]) => flags.startsWith('--data'))) {
      command.option('--data <directory>', 'data directory of the `moorage up` to talk to');
    }
  }
  if (verb.formats) {
    command.addOption(new Option('-o, --output <format>', 'print for programs').choices([...verb.formats]));
  }
  command.addHelpText('after', examplesOf(verb));
  command.action(async () => {
    setExitCode(await verb.run({ args: command.args, flags: command.opts<Flags>(), terminal, roles, root: program }));
  });
}

function option(flags: string, description: string): Option {
  const made = new Option(flags.replace('...>', '>'), description);
  // A flag that may come again takes one value each time, so that it never swallows what follows.
  return flags.includes('...>') ? made.argParser<string[]>((value, before) => [...(before ?? []), value]) : made;
}

function examplesOf({ examples }: Verb): string {
  const width = Math.max(...examples.map(([command]) => command.length));
  const lines = examples.map(([command, effect]) => `  ${command.padEnd(width)}   ${effect}`);
  return ['', 'Examples:', ...lines].join('\n');
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
