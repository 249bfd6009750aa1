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
