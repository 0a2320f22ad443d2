// Tables in Markdown that also read well on a terminal.

/** `align` has one letter a column: l or r. A row that is too short is filled up. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: string,
): string {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, column) => pad(cells[column] ?? '', width, align[column])).join(' | ')} |`
  const rule = widths.map((width, column) =>
    align[column] === 'r' ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  )
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

function pad(text: string, width: number, align: string | undefined): string {
  return align === 'r' ? text.padStart(width) : text.padEnd(width)
}
