import { quoted, type VerbTree, valuedFlags } from './tree.ts';

/** The completion script for bash. */
export function bashScript(verbs: readonly VerbTree[]): string {
  const names = verbs.map(({ name }) => name).join(' ');
  const cases = verbs.map((verb) => {
    const flags = verb.flags.flatMap(({ long, short }) => (short ? [long, short] : [long])).join(' ');
    const valued = valuedFlags(verb).map(quoted).join(' ');
    return `    ${verb.name}) flags=${quoted(flags)}; valued=(${valued}); args=(${verb.args.map(quoted).join(' ')}) ;;`;
  });
  return `# bash completion for moorage: source <(moorage completion bash)
_moorage_offer() {
  local IFS=$'\\n'
  case $1 in
    none) ;;
    words:*) COMPREPLY=($(IFS=' '; compgen -W "\${1#words:}" -- "$2")) ;;
    directory) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$2")) ;;
    file) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$2")) ;;
    program) COMPREPLY=($(compgen -c -- "$2")) ;;
    user) COMPREPLY=($(compgen -u -- "$2")) ;;
    *) COMPREPLY=($(compgen -W "$(moorage __complete "$1" "$2" 2>/dev/null)" -- "$2")) ;;
  esac
}

_moorage() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local flags='' valued=() args=() at position=0 word flag
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _moorage_offer ${quoted(`words:${names} --help`)} "$current"
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    *) return ;;
  esac
  for flag in "\${valued[@]}"; do
    if [ "$before" = "\${flag%%=*}" ]; then
      _moorage_offer "\${flag#*=}" "$current"
      return
    fi
  done
  case $current in -*) _moorage_offer "words:$flags --help" "$current"; return ;; esac
  for ((at = 2; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    for flag in "\${valued[@]}"; do [ "$word" = "\${flag%%=*}" ] && { at=$((at + 1)); continue 2; }; done
    case $word in -*) ;; *) position=$((position + 1)) ;; esac
  done
  if [ "\${#args[@]}" -eq 0 ]; then return; fi
  if [ "$position" -ge "\${#args[@]}" ]; then
    case \${args[\${#args[@]} - 1]} in file) position=$((\${#args[@]} - 1)) ;; *) return ;; esac
  fi
  _moorage_offer "\${args[position]}" "$current"
}
complete -F _moorage moorage
`;
}
