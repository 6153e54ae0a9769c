import { quoted, type VerbTree, valuedFlags } from './tree.ts';

/** The completion script for zsh; to be sourced, or to be put as _moorage into a directory of fpath. */
export function zshScript(verbs: readonly VerbTree[]): string {
  const described = verbs.map(({ name, summary }) => quoted(`${name}:${summary}`)).join('\n    ');
  const cases = verbs.map((verb) => {
    const flags = verb.flags.flatMap(({ long, short, description }) =>
      [long, ...(short ? [short] : [])].map((flag) => quoted(`${flag}:${description.replaceAll(':', ' -')}`)),
    );
    const valued = valuedFlags(verb).map(quoted).join(' ');
    return `    ${verb.name}) flags=(${flags.join(' ')}); valued=(${valued}); args=(${verb.args.map(quoted).join(' ')}) ;;`;
  });
  return `#compdef moorage
# zsh completion for moorage: source <(moorage completion zsh)
_moorage_offer() {
  local -a names
  case $1 in
    none) ;;
    words:*) names=(\${=\${1#words:}}); compadd -a names ;;
    directory) _files -/ ;;
    file) _files ;;
    program) _command_names -e ;;
    user) _users ;;
    *) names=(\${(f)"$(moorage __complete $1 "$PREFIX" 2>/dev/null)"}); compadd -a names ;;
  esac
}

_moorage() {
  local -a verbs flags valued args
  local flag word before=$words[CURRENT-1]
  integer at position=1
  verbs=(
    ${described}
  )
  if (( CURRENT == 2 )); then
    _describe verb verbs
    return
  fi
  case $words[2] in
${cases.join('\n')}
    *) return ;;
  esac
  for flag in $valued; do
    if [[ $before == "\${flag%%=*}" ]]; then
      _moorage_offer "\${flag#*=}"
      return
    fi
  done
  if [[ $PREFIX == -* ]]; then
    _describe flag flags
    return
  fi
  for (( at = 3; at < CURRENT; at++ )); do
    word=$words[at]
    if (( \${valued[(I)$word=*]} )); then (( at++ )); continue; fi
    [[ $word == -* ]] || (( position++ ))
  done
  if (( position > $#args )); then
    [[ $args[-1] == file ]] || return
    position=$#args
  fi
  _moorage_offer "$args[position]"
}
(( $+functions[compdef] )) || { autoload -Uz compinit && compinit; }
compdef _moorage moorage
`;
}
