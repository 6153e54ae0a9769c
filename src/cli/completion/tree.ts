import type { Command, Option } from 'commander';

/**
 * Where a completion comes from: a word list, something that the shell knows (directory, file, program, user), or names
 * that `moorage __complete SOURCE` asks the API for. `none` offers nothing.
 */
export type CompletionSource = string;

/** The command tree as completion scripts need it. */
export interface VerbTree {
  readonly name: string;
  readonly summary: string;
  readonly flags: readonly FlagTree[];
  /** What each argument may be, in order; the last one may come again. */
  readonly args: readonly CompletionSource[];
}

export interface FlagTree {
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  /** What its value may be; undefined for a flag without one. */
  readonly value: CompletionSource | undefined;
}

const argumentSources: Readonly<Record<string, CompletionSource>> = {
  claim: 'claims',
  snapshot: 'snapshots',
  path: 'directory',
  'path-or-mount': 'mounts',
  'kind/name': 'objects',
  program: 'program',
  arguments: 'file',
  shell: 'words:bash zsh fish',
};

const flagSources: Readonly<Record<string, CompletionSource>> = {
  '--namespace': 'namespaces',
  '--kubeconfig': 'file',
  '--data': 'directory',
  '--pool-path': 'directory',
  '--kubelet-dir': 'directory',
  '--csi-address': 'file',
  '--sidecars': 'words:own upstream',
  '--direct-binding': 'words:true false',
  '--default-pool': 'words:true false',
  '--backend': 'words:auto image directory',
  '--log-level': 'words:trace debug info warn error fatal silent',
  '--claim': 'claims',
  '--storage-class': 'classes',
  '--user': 'user',
};

/** Reads the tree of commands. */
export function treeOf(root: Command): readonly VerbTree[] {
  const verbs = root.createHelp().visibleCommands(root);
  const names = verbs.map((verb) => verb.name());
  return verbs.map((verb) => ({
    name: verb.name(),
    summary: verb.summary() || verb.description(),
    flags: verb.options.filter(({ hidden }) => !hidden).map(flagOf),
    args:
      verb.name() === 'help'
        ? [`words:${names.join(' ')}`]
        : verb.registeredArguments.map((argument) => argumentSources[argument.name()] ?? 'none'),
  }));
}

function flagOf(option: Option): FlagTree {
  const long = option.long ?? '';
  const takesValue = option.required || option.optional;
  const words = option.argChoices ? `words:${option.argChoices.join(' ')}` : undefined;
  return {
    long,
    short: option.short,
    description: option.description.replace(/ \((default|choices).*\)$/, ''),
    value: takesValue ? (words ?? flagSources[long] ?? 'none') : undefined,
  };
}

/** Flags that take a value, as `--flag=source`, in both spellings. */
export function valuedFlags({ flags }: VerbTree): string[] {
  return flags.flatMap(({ long, short, value }) =>
    value === undefined ? [] : [`${long}=${value}`, ...(short ? [`${short}=${value}`] : [])],
  );
}

/** A text as one word of a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
