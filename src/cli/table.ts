/** Rows as lines: each cell is as wide as its column, two blanks apart, and nothing stands behind the last one. */
export function tableLines(
  rows: readonly (readonly string[])[],
  pad = (cell: string, width: number, _column: number): string => cell.padEnd(width),
): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => pad(cell, widths[column] ?? 0, column))
      .join('  ')
      .trimEnd(),
  );
}

/** A last cell that is narrower than this is hard to read: then it stands below the others. */
const leastWidth = 40;

/** Indented rows, as `tableLines`; the last cell is folded to the columns of a terminal, below the others where it has little room there. */
export function foldedTable(rows: readonly (readonly string[])[], columns = Number.POSITIVE_INFINITY): string[] {
  const firsts = tableLines(rows.map((row) => row.slice(0, -1)));
  const width = Math.max(...firsts.map((line) => line.length));
  const left = width + 4;
  return rows.map((row, index) => {
    const first = firsts[index] ?? '';
    const last = row.at(-1) ?? '';
    if (columns - left < leastWidth) return `  ${first}\n      ${fold(last, columns - 6, ' '.repeat(6))}\n`;
    return `  ${first.padEnd(width)}  ${fold(last, columns - left, ' '.repeat(left))}\n`;
  });
}

/** Lines of at most so many characters, broken at spaces; all but the first begin with the indent, which is not counted. */
export function fold(text: string, width = Number.POSITIVE_INFINITY, indent = ''): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines.join(`\n${indent}`);
}
