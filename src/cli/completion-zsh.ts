import type { Command } from './command.ts';
import { flagCompletion } from './completion-words.ts';
import type { Flag } from './flags.ts';
import { commonFlags, helpWords } from './help.ts';

/** The script for zsh: a file `_blobprobe` in `fpath`, or evaluated after `compinit`. */
export function zshCompletion(commands: readonly Command[]): string {
  const rows = [...commands.map(({ name, summary }) => [name, summary] as const), ...helpWords];
  return `#compdef blobprobe
# zsh completion of blobprobe: eval "$(blobprobe completion zsh)" after compinit
_blobprobe() {
  local -a commands=(
${rows.map(([name, summary]) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
  )
  local command=${commands[0]?.name ?? ''}
  if (( CURRENT == 2 )) && [[ "\${words[2]}" != -* ]]; then _describe command commands; return; fi
  if [[ "\${words[2]}" == help ]]; then _describe command commands; return; fi
  if [[ "\${words[2]}" != -* ]]; then command="\${words[2]}"; shift words; (( CURRENT-- )); fi
  case "$command" in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ "\${funcstack[1]}" == _blobprobe ]]; then _blobprobe "$@"; else compdef _blobprobe blobprobe; fi
`;
}

function commandCase({ name, flags, argument }: Command): string {
  const { values = [], placeholder = '', several = false } = argument ?? {};
  // Of what cannot be named, nothing: with an action that says more, zsh completes no flag in its place.
  const taken = argument === undefined ? [] : [quoted(`${several ? '*' : '1'}:${placeholder}:(${values.join(' ')})`)];
  const all = Object.entries({ ...flags, ...commonFlags }).map(([flag, row]) => quoted(specification(flag, row)));
  return `    ${name}) _arguments ${[...all, ...taken].join(' ')} ;;`;
}

/** As `_arguments` takes it: `*--flag=[help]:PLACEHOLDER:action`. */
function specification(name: string, flag: Flag): string {
  const { takesValue, isFile, values } = flagCompletion(flag);
  const help = flag.help.replaceAll(/[[\]:\\]/g, String.raw`\$&`);
  const several = flag.kind === 'list' ? '*' : '';
  if (!takesValue) return `${several}--${name}[${help}]`;
  const action = isFile ? '_files' : values.length === 0 ? '' : `(${values.join(' ')})`;
  return `${several}--${name}=[${help}]:${(flag.placeholder ?? 'VALUE').replaceAll(':', String.raw`\:`)}:${action}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
