// Tables in Markdown that read as well on a terminal.

/** Columns stand below each other; all but the first to the right. */
export function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) =>
    `| ${row.map((cell, column) => (column ? cell.padStart(widths[column]) : cell.padEnd(widths[0]))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => "-".repeat(width + 1) + (column ? ":" : "-")).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

export const aimsTable = (aims) =>
  table(
    ["", "aim", "measured", "met"],
    aims.map(({ aim, limit, found, met }) => [aim, limit, found, met ? "yes" : "**no**"]),
  );
