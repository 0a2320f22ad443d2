// Rows that a program gives, or an Arrow IPC stream, as a Parquet file: by way of lines of JSON on disk.
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { checkSignal, type Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { duckType, parseType } from '../arrow-types.ts'
import { identifier, literal, type TableEngine } from '../engine.ts'
import { arrowRows, type ArrowBytes } from './from-arrow.ts'
import type { TableRow } from './read-rows.ts'

/** What to write, where, and by whom. */
export type RowsJob = {
  readonly engine: TableEngine
  /** For the lines, where the engine may read. */
  readonly newPath: () => string
  /** Of the Parquet file. */
  readonly path: string
  /** Arrow types of columns by name; the others' are found out. */
  readonly types: Readonly<Record<string, string>>
} & ({ readonly rows: Iterable<TableRow> | AsyncIterable<TableRow> } | { readonly arrow: ArrowBytes })

/** What was seen of a column's values, each a step in a chain or a kind of its own. */
type Kind = 'none' | 'bool' | 'int' | 'huge' | 'double' | 'text' | 'time' | 'bytes' | 'nested' | 'mixed'

/**
 * Writes the rows. Numbers are int64 where all are whole, else double; dates are timestamps in UTC without a zone.
 * @throws INVALID for rows that are no objects, values of two kinds in a column, or a type that does not fit
 */
export async function writeRows(job: RowsJob, ctx?: Context): Promise<void> {
  const lines = job.newPath()
  const own: Record<string, string> = {}
  for (const [name, type] of Object.entries(job.types)) own[name] = duckType(parseType(type))
  const given = 'arrow' in job ? await arrowRows(job.arrow) : { rows: job.rows, types: {} }
  const { rows } = given
  const types: Readonly<Record<string, string>> = { ...given.types, ...own }
  try {
    const { kinds, longest } = await writeLines(lines, rows, ctx)
    if (kinds.size === 0) throw new QuiltError('INVALID', 'there are no rows, so no columns are known')
    await job.engine.with(async (connection) => {
      const from = literal(lines)
      const asRead: string[] = []
      const selected: string[] = []
      const nested = [...kinds].filter(([name, kind]) => kind === 'nested' && types[name] === undefined)
      const found = new Map<string, string>()
      if (nested.length > 0) {
        const described = await connection.rows(
          `DESCRIBE SELECT * FROM read_json(${from}, format = 'newline_delimited', sample_size = -1, maximum_object_size = ${String(longest)}, map_inference_threshold = -1)`,
        )
        for (const row of described) found.set(String(row['column_name']), String(row['column_type']))
      }
      for (const [name, kind] of kinds) {
        const said = types[name]
        const type =
          said === undefined
            ? ((kind === 'nested' ? found.get(name) : undefined) ?? duckOf(name, kind))
            : said
        const isBytes = type === 'BLOB'
        asRead.push(`${identifier(name)}: ${literal(isBytes ? 'VARCHAR' : type)}`)
        selected.push(isBytes ? `from_base64(${identifier(name)}) AS ${identifier(name)}` : identifier(name))
      }
      for (const name of Object.keys(types)) {
        if (!kinds.has(name)) throw new QuiltError('INVALID', `there is no column ${JSON.stringify(name)}`)
      }
      await connection.run(
        `COPY (SELECT ${selected.join(', ')} FROM read_json(${from}, format = 'newline_delimited', maximum_object_size = ${String(longest)}, columns = {${asRead.join(', ')}}))
          TO ${literal(job.path)} (FORMAT parquet, COMPRESSION zstd)`,
      )
    }, ctx)
  } finally {
    rmSync(lines, { force: true })
  }
}

async function writeLines(
  path: string,
  rows: Iterable<TableRow> | AsyncIterable<TableRow>,
  ctx?: Context,
): Promise<{ readonly kinds: ReadonlyMap<string, Kind>; readonly longest: number }> {
  const kinds = new Map<string, Kind>()
  const handle = openSync(path, 'w', 0o600)
  let text = ''
  let longest = 64 * 1024 // as little as the engine's buffers begin with
  const flush = (): void => {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at)
    text = ''
  }
  try {
    let number = 0
    for await (const row of rows) {
      number++
      if (typeof row !== 'object' || row === null || Array.isArray(row))
        throw new QuiltError('INVALID', `row ${String(number)} is no object`, {
          hint: 'give objects by column names',
        })
      const cells: string[] = []
      for (const [name, value] of Object.entries(row)) {
        const kind = kindOf(value)
        if (kind === undefined)
          throw new QuiltError(
            'INVALID',
            `row ${String(number)}: ${JSON.stringify(name)} holds a ${typeof value}`,
          )
        kinds.set(name, wider(kinds.get(name) ?? 'none', kind))
        cells.push(`${JSON.stringify(name)}:${jsonOf(value)}`)
      }
      const line = `{${cells.join(',')}}\n`
      longest = Math.max(longest, line.length * 3)
      text += line
      if (text.length > 1 << 20) {
        checkSignal(ctx)
        flush()
      }
    }
    flush()
  } finally {
    closeSync(handle)
  }
  return { kinds, longest }
}

function kindOf(value: unknown): Kind | undefined {
  switch (typeof value) {
    case 'undefined':
      return 'none'
    case 'boolean':
      return 'bool'
    case 'number':
      return Number.isSafeInteger(value) ? 'int' : 'double'
    case 'bigint':
      return BigInt.asIntN(64, value) === value ? 'int' : 'huge'
    case 'string':
      return 'text'
    case 'object':
      if (value === null) return 'none'
      if (value instanceof Date) return 'time'
      return value instanceof Uint8Array ? 'bytes' : 'nested'
    default:
      return undefined
  }
}

const numbers: readonly Kind[] = ['int', 'huge', 'double']

function wider(a: Kind, b: Kind): Kind {
  if (a === b || b === 'none') return a
  if (a === 'none') return b
  const [x, y] = [numbers.indexOf(a), numbers.indexOf(b)]
  return x < 0 || y < 0 ? 'mixed' : (numbers[Math.max(x, y)] as Kind)
}

function duckOf(name: string, kind: Kind): string {
  switch (kind) {
    case 'bool':
      return 'BOOLEAN'
    case 'int':
      return 'BIGINT'
    case 'huge':
      return 'HUGEINT'
    case 'double':
      return 'DOUBLE'
    case 'time':
      return 'TIMESTAMP'
    case 'bytes':
      return 'BLOB'
    case 'mixed':
      throw new QuiltError('INVALID', `the column ${JSON.stringify(name)} holds values of several kinds`, {
        hint: `say its type: { types: { ${JSON.stringify(name)}: 'utf8' } }`,
      })
    default:
      return 'VARCHAR'
  }
}

/** A value as JSON says it: whole numbers to the last digit, bytes in base64. */
function jsonOf(value: unknown): string {
  if (value === undefined || value === null) return 'null'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value))
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? 'null' : JSON.stringify(value.toISOString().replace('Z', ''))
  if (value instanceof Uint8Array) return JSON.stringify(Buffer.from(value).toString('base64'))
  if (value instanceof Map) return jsonOf(Object.fromEntries(value as Map<string, unknown>))
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`
  if (ArrayBuffer.isView(value)) return jsonOf(Array.from(value as Float64Array))
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, one]) => `${JSON.stringify(key)}:${jsonOf(one)}`)
      .join(',')}}`
  return JSON.stringify(value)
}
