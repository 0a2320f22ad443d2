// Rows of cells under one another. Plain ASCII, which most tables are, needs no library to be measured.

/** What sets a colour, and takes no place. */
const colors = /\u001b\[\d+m/g

const ascii = /^[\x20-\x7e]*$/

/**
 * Lays cells out in columns two spaces apart, as lines without spaces at their ends.
 * @param rows printable cells, which may be coloured; wide letters take two places
 * @param right for each column, whether its cells end below one another
 * @example await alignColumns([['NAME', 'SIZE'], ['a', '5 B']], [false, true]) // 'NAME  SIZE\na      5 B\n'
 */
export async function alignColumns(
  rows: readonly (readonly string[])[],
  right: readonly boolean[],
): Promise<string> {
  const texts = rows.map((row) => row.map((cell) => cell.replace(colors, '')))
  const places = texts.every((row) => row.every((text) => ascii.test(text)))
    ? (text: string): number => text.length
    : (await import('string-width')).default
  const widths = texts.map((row) => row.map((text) => places(text)))
  const widest = right.map((_, column) =>
    widths.reduce((most, row) => Math.max(most, row[column] as number), 0),
  )
  const padded = (cell: string, row: number, column: number): string => {
    const spaces = ' '.repeat((widest[column] as number) - (widths[row]?.[column] as number))
    return right[column] === true ? spaces + cell : cell + spaces
  }
  const lines = rows.map((row, i) => row.map((cell, column) => padded(cell, i, column)).join('  '))
  return `${lines.join('\n').replace(/ +$/gm, '')}\n`
}
