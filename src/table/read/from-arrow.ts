// Rows of an Arrow IPC stream or file, and the types of its columns. The decoder is flechette's, imported when asked.
import type { DataType, Table } from '@uwdata/flechette'
import { QuiltError } from '../../core/base/error.ts'
import { duckType } from '../arrow-types.ts'
import { identifier } from '../engine.ts'
import { arrowMessages } from './arrow-messages.ts'
import type { TableRow } from './read-rows.ts'

type Arrow = typeof import('@uwdata/flechette')

/** A column's type as DuckDB says it, and how its values are said in JSON. */
interface ArrowColumn {
  readonly type: string
  readonly say: (value: unknown) => unknown
}

/** All that the kinds of types say of themselves. */
interface TypeFields {
  readonly typeId: number
  readonly bitWidth: number
  readonly signed: boolean
  readonly precision: number
  readonly scale: number
  readonly unit: number
  readonly timezone: string | null
  readonly dictionary: DataType
  readonly children: readonly { readonly name: string; readonly type: DataType }[]
}

/** Arrow IPC: all bytes of a stream or a file, or those of a stream as they come. */
export type ArrowBytes = Uint8Array | AsyncIterable<Uint8Array>

/** The rows of a table, and its columns' types as DuckDB says them. */
export interface ArrowRows {
  readonly rows: Iterable<TableRow> | AsyncIterable<TableRow>
  readonly types: Readonly<Record<string, string>>
}

/**
 * The rows, and their columns' types as DuckDB says them; of a stream no more is held than a batch and its dictionaries.
 * @throws INVALID for bytes that are no such stream; UNSUPPORTED for a type that is not known here
 */
export async function arrowRows(bytes: ArrowBytes): Promise<ArrowRows> {
  const arrow = await import('@uwdata/flechette')
  if (!(bytes instanceof Uint8Array)) return streamedRows(arrow, bytes)
  const { table, columns } = read(arrow, bytes)
  return { rows: rowsOf(table, columns), types: typesOf(columns) }
}

async function streamedRows(arrow: Arrow, stream: AsyncIterable<Uint8Array>): Promise<ArrowRows> {
  const messages = arrowMessages(stream)
  const { value: schema } = await messages.next()
  let columns: readonly NamedColumn[]
  try {
    if (schema?.kind !== 'schema') throw noArrow()
    columns = read(arrow, [schema.bytes]).columns
  } catch (error) {
    await messages.return()
    throw error
  }
  const rows = async function* (): AsyncGenerator<TableRow> {
    const dictionaries: Uint8Array[] = []
    for await (const { kind, bytes } of messages) {
      if (kind === 'dictionary') dictionaries.push(bytes)
      if (kind !== 'batch') continue
      yield* rowsOf(read(arrow, [schema.bytes, ...dictionaries, bytes]).table, columns)
    }
  }
  return { rows: rows(), types: typesOf(columns) }
}

interface NamedColumn extends ArrowColumn {
  readonly name: string
}

function read(
  arrow: Arrow,
  bytes: Uint8Array | Uint8Array[],
): { readonly table: Table; readonly columns: readonly NamedColumn[] } {
  try {
    const table = arrow.tableFromIPC(bytes, { useBigInt: true, useDecimalInt: true, useMap: true })
    const columns = table.schema.fields.map(({ name, type }) => ({ name, ...columnOf(arrow, type) }))
    return { table, columns }
  } catch (cause) {
    throw cause instanceof QuiltError ? cause : noArrow(cause)
  }
}

function noArrow(cause?: unknown): QuiltError {
  return new QuiltError('INVALID', 'this is no Arrow IPC stream that can be read', {
    hint: 'write it with tableToIPC, uncompressed',
    cause,
  })
}

function typesOf(columns: readonly NamedColumn[]): ArrowRows['types'] {
  return Object.fromEntries(columns.map(({ name, type }) => [name, type]))
}

function* rowsOf(table: Table, columns: readonly NamedColumn[]): Generator<TableRow> {
  const cells = columns.map((_, at) => table.getChildAt(at))
  for (let row = 0; row < table.numRows; row++)
    yield Object.fromEntries(columns.map(({ name, say }, at) => [name, said(say, cells[at]?.at(row))]))
}

const same = (value: unknown): unknown => value
const said = (say: ArrowColumn['say'], value: unknown): unknown =>
  value === null || value === undefined ? null : say(value)

function columnOf(arrow: Arrow, type: DataType): ArrowColumn {
  const { Type } = arrow
  const fields = type as unknown as TypeFields
  switch (fields.typeId) {
    case Type.Dictionary:
      return columnOf(arrow, fields.dictionary)
    case Type.Int:
      return { type: duckType(`${fields.signed ? 'int' : 'uint'}${String(fields.bitWidth)}`), say: same }
    case Type.Float:
      return { type: fields.precision === arrow.Precision.DOUBLE ? 'DOUBLE' : 'FLOAT', say: same }
    case Type.Bool:
      return { type: 'BOOLEAN', say: same }
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return { type: 'VARCHAR', say: same }
    case Type.Binary:
    case Type.LargeBinary:
      return { type: 'BLOB', say: same }
    case Type.Decimal:
      return {
        type: `DECIMAL(${String(fields.precision)},${String(fields.scale)})`,
        say: (value) => decimalText(value as bigint | number, fields.scale),
      }
    case Type.Date:
      return { type: 'DATE', say: (value) => timeText(value as number).slice(0, 10) }
    case Type.Timestamp:
      return {
        type: fields.timezone === null ? 'TIMESTAMP' : 'TIMESTAMP WITH TIME ZONE',
        say: (value) => `${timeText(value as number)}${fields.timezone === null ? '' : 'Z'}`,
      }
    case Type.Time:
      return {
        type: 'TIME',
        say: (value) => timeText((Number(value) / 1000 ** fields.unit) * 1000).slice(11),
      }
    case Type.Null:
      return { type: 'VARCHAR', say: same }
    default:
      return nestedColumn(arrow, fields)
  }
}

function nestedColumn(arrow: Arrow, { typeId, children = [] }: TypeFields): ArrowColumn {
  const { Type } = arrow
  const inner = children.map(({ name, type }) => ({ name, ...innerColumn(arrow, type) }))
  const [first] = inner
  if (
    (typeId === Type.List || typeId === Type.LargeList || typeId === Type.FixedSizeList) &&
    first !== undefined
  )
    return {
      type: `${first.type}[]`,
      say: (value) => Array.from(value as Iterable<unknown>, (one) => said(first.say, one)),
    }
  if (typeId === Type.Struct)
    return {
      type: `STRUCT(${inner.map(({ name, type }) => `${identifier(name)} ${type}`).join(', ')})`,
      say: (value) =>
        Object.fromEntries(
          inner.map(({ name, say }) => [name, said(say, (value as Readonly<Record<string, unknown>>)[name])]),
        ),
    }
  if (typeId === Type.Map && first !== undefined) {
    const pair = (children[0] as { readonly type: unknown }).type as TypeFields
    const [key, item] = pair.children.map(({ type }) => innerColumn(arrow, type)) as [
      ArrowColumn,
      ArrowColumn,
    ]
    return {
      type: `MAP(${key.type}, ${item.type})`,
      say: (value) =>
        new Map(
          Array.from(value as Iterable<[unknown, unknown]>, ([name, one]) => [
            said(key.say, name),
            said(item.say, one),
          ]),
        ),
    }
  }
  throw unsupported('of a kind that is not known here')
}

/** What lies in a list, a struct or a map: JSON has no way for bytes there. */
function innerColumn(arrow: Arrow, type: DataType): ArrowColumn {
  const column = columnOf(arrow, type)
  if (column.type === 'BLOB') throw unsupported('of bytes within others')
  return column
}

function unsupported(what: string): QuiltError {
  return new QuiltError('UNSUPPORTED', `this Arrow stream has a column ${what}`, {
    hint: 'leave it out, or write Parquet and set that',
  })
}

/** Milliseconds since 1970 as ISO 8601 says them, to the microsecond. */
function timeText(ms: number): string {
  const whole = Math.floor(ms)
  const micros = Math.min(999, Math.round((ms - whole) * 1000))
  return new Date(whole).toISOString().replace('Z', String(micros).padStart(3, '0'))
}

function decimalText(value: bigint | number, scale: number): string {
  const digits = String(value)
    .replace('-', '')
    .padStart(scale + 1, '0')
  const text = scale <= 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return value < 0 ? `-${text}` : text
}
