// excel: the sheets of a workbook (.xlsx; many an .xls is one, too), each a table whose first row has the names.
import {
  closest,
  QuiltError,
  type Column,
  type Json,
  type NamedTable,
  type Parsed,
  type Parser,
  type ParserPlugin,
  type SourceFile,
  type TableSource,
} from '../api.ts'

interface Options {
  /** By name, or by number from 0; all of them where none is named. */
  readonly sheet: string | number | undefined
  readonly header: boolean
  readonly skip: number
}

interface Sheet {
  readonly name: string
  readonly rows: readonly (readonly unknown[])[]
}

/** A workbook is read as a whole. */
const mostBytes = 64 * 1024 * 1024
/** How an .xls begins: the magic of the compound files that Office wrote then, and writes when it encrypts. */
const oldWorkbook = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]
/** Rows handed on at once. */
const rowsAtOnce = 4096

const known = ['sheet', 'sheet_name', 'header', 'skiprows'] as const

function readOptions(raw: Readonly<Record<string, Json>>): Options {
  for (const key of Object.keys(raw)) {
    if (known.includes(key as 'sheet')) continue
    const near = closest(key, known)
    throw new QuiltError('INVALID', `excel has no option ${JSON.stringify(key.slice(0, 80))}`, {
      hint: near === undefined ? `use ${known.join(', ')}` : `did you mean ${near}?`,
    })
  }
  const sheet = raw['sheet'] ?? raw['sheet_name'] ?? undefined
  const { header = 0, skiprows = 0 } = raw
  if (sheet !== undefined && typeof sheet !== 'string' && !Number.isInteger(sheet))
    throw new QuiltError('INVALID', 'sheet must be a name, or a number from 0')
  if (header !== 0 && header !== null) throw new QuiltError('INVALID', 'header must be 0 or null')
  if (typeof skiprows !== 'number' || !Number.isInteger(skiprows) || skiprows < 0)
    throw new QuiltError('INVALID', 'skiprows must be a whole number')
  return { sheet: sheet as string | number | undefined, header: header === 0, skip: skiprows }
}

async function readSheets(source: SourceFile): Promise<readonly Sheet[]> {
  if (source.size > mostBytes) {
    throw new QuiltError('UNSUPPORTED', 'workbooks above 64 MiB are not read as tables', {
      hint: 'save the sheet as CSV',
    })
  }
  const bytes = await source.slice(0, source.size)
  if (oldWorkbook.every((byte, i) => bytes[i] === byte)) {
    throw new QuiltError(
      'UNSUPPORTED',
      'a workbook of Excel 97 to 2003 (.xls), or one with a password, is not read as tables',
      { hint: 'save it as .xlsx without one, or its sheets as CSV' },
    )
  }
  const { default: readWorkbook } = await import('read-excel-file/node')
  try {
    const sheets = await readWorkbook(Buffer.from(bytes))
    return sheets.map(({ sheet, data }) => ({ name: sheet, rows: data }))
  } catch (cause) {
    throw new QuiltError(
      'INVALID',
      `the file is no workbook, or a damaged one: ${(cause as Error).message}`,
      {
        cause,
      },
    )
  }
}

function pick(sheets: readonly Sheet[], wanted: string | number): Sheet {
  const found = typeof wanted === 'number' ? sheets[wanted] : sheets.find(({ name }) => name === wanted)
  if (found !== undefined) return found
  throw new QuiltError('INVALID', `there is no sheet ${JSON.stringify(wanted)}`, {
    hint: `there are ${sheets.map(({ name }) => JSON.stringify(name)).join(', ')}`,
  })
}

function tableOf({ rows }: Sheet, { header, skip }: Options): TableSource {
  const below = rows.slice(skip)
  const width = below.reduce((most, row) => Math.max(most, row.length), 0)
  const body = header ? below.slice(1) : below
  const names = uniqueNames(Array.from({ length: width }, (_, i) => (header ? below[0]?.[i] : undefined)))
  const columns = names.map((name, i): Column => ({ name, type: typeOf(body, i), nullable: true }))
  return {
    kind: 'rows',
    columns,
    batches: async function* () {
      for (let at = 0; at < body.length; at += rowsAtOnce) {
        const some = body.slice(at, at + rowsAtOnce)
        yield await Promise.resolve({
          length: some.length,
          columns: columns.map(({ type }, i) => some.map((row) => cellOf(row[i], type))),
        })
      }
    },
  }
}

function uniqueNames(cells: readonly unknown[]): readonly string[] {
  const taken = new Set<string>()
  return cells.map((cell, i) => {
    const name = cell === null || cell === undefined || cell === '' ? `column${String(i)}` : textOf(cell)
    let unique = name
    for (let n = 1; taken.has(unique.toLowerCase()); n++) unique = `${name}.${String(n)}`
    taken.add(unique.toLowerCase())
    return unique
  })
}

/** The narrowest type of all cells of a column. */
function typeOf(rows: readonly (readonly unknown[])[], column: number): string {
  const types = new Set<string>()
  for (const row of rows) {
    const cell = row[column]
    if (cell !== null && cell !== undefined) types.add(typeOfCell(cell))
  }
  if (types.size === 1) return [...types][0] as string
  if (types.size === 2 && types.has('int64') && types.has('double')) return 'double'
  if (types.size === 2 && types.has('date32') && types.has('timestamp[us]')) return 'timestamp[us]'
  return 'utf8'
}

function typeOfCell(cell: unknown): string {
  if (typeof cell === 'number') return Number.isSafeInteger(cell) ? 'int64' : 'double'
  if (typeof cell === 'boolean') return 'bool'
  if (cell instanceof Date) return cell.getTime() % 86_400_000 === 0 ? 'date32' : 'timestamp[us]'
  return 'utf8'
}

function cellOf(cell: unknown, type: string): unknown {
  if (cell === null || cell === undefined) return null
  if (cell instanceof Date) return cell.toISOString().slice(0, type === 'date32' ? 10 : 23)
  return type === 'utf8' ? textOf(cell) : cell
}

function textOf(cell: unknown): string {
  if (cell instanceof Date) return cell.toISOString()
  return String(cell as string | number | boolean)
}

const excel: Parser<Options> = {
  name: 'excel',
  version: '1',
  extensions: ['.xlsx', '.xls'],
  options: readOptions,
  read: async (source, options): Promise<Parsed> => {
    const sheets = await readSheets(source)
    const filled = sheets.filter(({ rows }) => rows.length > 0)
    if (options.sheet !== undefined) return tableOf(pick(sheets, options.sheet), options)
    const [only] = filled
    if (only === undefined) throw new QuiltError('INVALID', 'the workbook is empty')
    if (filled.length === 1) return tableOf(only, options)
    return {
      kind: 'tables',
      tables: async function* (): AsyncGenerator<NamedTable> {
        for (const sheet of filled)
          yield await Promise.resolve({ name: sheet.name, table: tableOf(sheet, options) })
      },
    }
  },
}

const plugin: ParserPlugin = { kind: 'parser', api: 1, parsers: [excel] }
export default plugin
