// Rows of a query's result on a terminal or in a pipe.
import type { TableDifference } from '../../package/tables/diff-tables.ts'
import type { SqlResult } from '../../package/tables/sql.ts'
import { formatCount, formatPlural } from '../printable.ts'
import type { Output } from '../output.ts'

/** Formats of a result. */
export const formats = ['table', 'csv', 'json', 'parquet', 'arrow'] as const

/** Rows laid out together: widths are those of each such page. */
const rowsAtOnce = 1000

/** How a table changed, in a line: its rows, then its columns. */
export function describeTable({ path, rows, columns }: TableDifference): string {
  const changes = [
    `${formatPlural(rows.added, 'row')} added, ${formatCount(rows.removed)} removed`,
    ...columns.added.map(({ name, type }) => `+${name} ${type}`),
    ...columns.removed.map(({ name }) => `-${name}`),
    ...columns.changed.map(({ name, from, to }) => `${name} ${from} -> ${to}`),
  ]
  return `${path}: ${changes.join(', ')}`
}

/** Prints rows as they come. */
export async function printRows(
  out: Output,
  result: SqlResult,
  format: 'table' | 'csv' | 'json',
): Promise<void> {
  const { columns } = result
  const names = columns.map(({ name }) => name)
  if (format === 'csv') await out.bytes(csvLines(result, names))
  else if (format === 'json') await out.bytes(jsonLines(result))
  else {
    const titles = columns.map(({ name, type }) =>
      /^(u?int|float|double|decimal)/.test(type) ? { title: name, right: true as const } : name,
    )
    let page: string[][] = []
    for await (const row of result.rows()) {
      if (out.closed) return
      if (page.push(names.map((name) => shown(row[name]))) < rowsAtOnce) continue
      await out.table(titles, page)
      page = []
    }
    await out.table(titles, page)
  }
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean)
}

const encoder = new TextEncoder()

async function* csvLines(result: SqlResult, names: readonly string[]): AsyncGenerator<Uint8Array> {
  const cell = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  yield encoder.encode(`${names.map(cell).join(',')}\n`)
  for await (const row of result.rows())
    yield encoder.encode(`${names.map((name) => cell(shown(row[name]))).join(',')}\n`)
}

async function* jsonLines(result: SqlResult): AsyncGenerator<Uint8Array> {
  let before = '['
  for await (const row of result.rows()) {
    yield encoder.encode(`${before}${JSON.stringify(row)}`)
    before = ',\n'
  }
  yield encoder.encode(before === '[' ? '[]\n' : ']\n')
}
