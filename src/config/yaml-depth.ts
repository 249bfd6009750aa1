/** Levels of maps and lists in one another; a configuration has eight. */
const maxDepth = 100;

/**
 * Where a text is nested deeper than any configuration, or undefined. To be asked before the parser: it goes down by recursion, and
 * at the end of the stack V8 can abort the whole process, which no `catch` holds. Brackets inside quotes count too; nobody has a hundred.
 */
export function tooDeepAt(text: string): number | undefined {
  let open = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '[' || character === '{') open += 1;
    else if (character === ']' || character === '}') open = Math.max(0, open - 1);
    if (open > maxDepth) return at;
  }
  // A level of a block takes a blank at least, or a dash before it: what stands before a line's content bounds its depth.
  const line = new RegExp(`^(?:[ \\t]|[-?:][ \\t]){${maxDepth * 4}}`, 'm').exec(text);
  return line?.index;
}
