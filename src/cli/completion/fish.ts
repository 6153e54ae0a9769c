import { type CompletionSource, type VerbTree, valuedFlags } from './tree.ts';

/** The completion script for fish. */
export function fishScript(verbs: readonly VerbTree[]): string {
  const lines = verbs.flatMap((verb) => [
    `complete -c moorage -n __fish_use_subcommand -f -a ${verb.name} -d ${fishQuoted(verb.summary)}`,
    ...verb.flags.map(({ long, short, description, value }) => {
      const spelled = `-l ${long.replace(/^--/, '')}${short ? ` -s ${short.replace(/^-/, '')}` : ''}`;
      const offer = value === undefined ? '' : ` -r ${offerOf(value)}`;
      return `complete -c moorage -n '__moorage_verb ${verb.name}' ${spelled}${offer} -d ${fishQuoted(description)}`;
    }),
    ...verb.args.map((source, at) => {
      const isLast = at === verb.args.length - 1 && source === 'file';
      const valued = valuedFlags(verb).map((flag) => flag.replace(/=.*/, ''));
      const position = ['__moorage_at', verb.name, String(at), isLast ? 'more' : 'only', ...valued].join(' ');
      return `complete -c moorage -n '${position}' ${offerOf(source)}`;
    }),
  ]);
  return `# fish completion for moorage: moorage completion fish | source
function __moorage_verb
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test "$words[2]" = "$argv[1]"
end

# Whether argument number $argv[2] of verb $argv[1] comes next; from $argv[4] on stand the flags that take a value.
function __moorage_at
    __moorage_verb $argv[1]; or return 1
    set -l words (commandline -opc)
    set -l position 0
    set -l skip 0
    for word in $words[3..]
        if test $skip -eq 1
            set skip 0
        else if contains -- $word $argv[4..]
            set skip 1
        else if not string match -q -- '-*' $word
            set position (math $position + 1)
        end
    end
    test $position -eq $argv[2]; or begin
        test "$argv[3]" = more; and test $position -gt $argv[2]
    end
end

function __moorage_names
    moorage __complete $argv[1] (commandline -ct) 2>/dev/null
end

complete -c moorage -f
${lines.join('\n')}
`;
}

function offerOf(source: CompletionSource): string {
  switch (source) {
    case 'none':
      return '-f';
    case 'file':
      return '-F';
    case 'directory':
      return "-f -a '(__fish_complete_directories (commandline -ct))'";
    case 'program':
      return "-f -a '(__fish_complete_command)'";
    case 'user':
      return "-f -a '(__fish_complete_users)'";
    default:
      return source.startsWith('words:')
        ? `-f -a ${fishQuoted(source.slice('words:'.length))}`
        : `-f -a '(__moorage_names ${source})'`;
  }
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
}
