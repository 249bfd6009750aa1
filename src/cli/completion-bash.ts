import type { Command } from './command.ts';
import { commonFlags, helpWords } from './help.ts';
import { flagCompletion } from './completion-words.ts';

/** The script for bash 4.4 and newer. It splits words at `=`, so a flag and its value are three words. */
export function bashCompletion(commands: readonly Command[]): string {
  const names = [...commands.map(({ name }) => name), ...helpWords.map(([word]) => word)];
  return `# bash completion of blobprobe: eval "$(blobprobe completion bash)"
_blobprobe_values() { # COMMAND FLAG: values of the flag, or FILE, or nothing known; 1 when it takes none
  case "$1 $2" in
${commands.flatMap(valueCases).join('\n')}
    *) return 1 ;;
  esac
}
_blobprobe_flags() { # COMMAND
  case "$1" in
${commands.map(flagCase).join('\n')}
  esac
}
_blobprobe() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="\${COMP_WORDS[COMP_CWORD - 1]}" command=${commands[0]?.name ?? ''} flag='' values words
  if ((COMP_CWORD > 1)) && [[ "\${COMP_WORDS[1]}" != -* ]]; then command="\${COMP_WORDS[1]}"; fi
  if [[ "$cur" == '=' ]]; then flag="$prev" cur=''
  elif [[ "$prev" == '=' ]]; then flag="\${COMP_WORDS[COMP_CWORD - 2]}"
  else flag="$prev"; fi
  if values="$(_blobprobe_values "$command" "$flag")"; then
    if [[ "$values" == FILE ]]; then
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
    fi
    words="$values"
  elif [[ "$cur" != -* ]] && { ((COMP_CWORD == 1)) || [[ "$command" == help ]]; }; then words='${names.join(' ')}'
  elif [[ "$cur" != -* ]]; then words="$(_blobprobe_values "$command" '')"
  else words="$(_blobprobe_flags "$command")"; fi
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  if [[ "\${#COMPREPLY[@]}" == 1 && "\${COMPREPLY[0]}" == *= ]]; then compopt -o nospace; fi
}
complete -F _blobprobe blobprobe
`;
}

function valueCases({ name, flags, argument }: Command): string[] {
  const ofFlags = Object.entries(flags).flatMap(([flag, row]) => {
    const { takesValue, isFile, values } = flagCompletion(row);
    if (!takesValue) return [];
    return [`    '${name} --${flag}') echo '${isFile ? 'FILE' : values.join(' ')}' ;;`];
  });
  const { values = [] } = argument ?? {};
  return values.length === 0 ? ofFlags : [...ofFlags, `    '${name} ') echo '${values.join(' ')}' ;;`];
}

function flagCase({ name, flags }: Command): string {
  const all = Object.entries({ ...flags, ...commonFlags });
  const words = all.map(([flag, row]) => `--${flag}${flagCompletion(row).takesValue ? '=' : ''}`);
  return `    ${name}) echo '${words.join(' ')}' ;;`;
}
