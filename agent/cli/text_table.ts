// Columns for people: a line of capitals, then rows, as wide as what is in them.

/** Cells that are numbers go to the right; the last column is not padded. Each line begins with two blanks. */
export function textTable(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const cells = [header, ...rows.map((row) => row.map(String))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const right = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'),
  );
  return cells.map((row) => {
    const padded = row.map((cell, column) => {
      if (right[column]) return cell.padStart(widths[column]!);
      return column === header.length - 1 ? cell : cell.padEnd(widths[column]!);
    });
    return `  ${padded.join('  ')}`.trimEnd();
  });
}
