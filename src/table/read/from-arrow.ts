// Rows of an Arrow IPC stream or file, and the types of its columns. The decoder is flechette's, imported when asked.
import type { DataType } from '@uwdata/flechette'
import { QuiltError } from '../../core/base/error.ts'
import type { TableRow } from './read-rows.ts'

type Arrow = typeof import('@uwdata/flechette')

/** A column's type by its Arrow name, where it is no nested one, and how its values are said. */
interface ArrowColumn {
  readonly type: string | undefined
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
}

/**
 * The rows; `said` are types that are to be taken instead of their own.
 * @throws INVALID for bytes that are no such stream
 */
export async function arrowRows(
  bytes: Uint8Array,
  said: Readonly<Record<string, string>>,
): Promise<{ readonly rows: Iterable<TableRow>; readonly types: Readonly<Record<string, string>> }> {
  const arrow = await import('@uwdata/flechette')
  try {
    const table = arrow.tableFromIPC(bytes, { useBigInt: true, useDecimalInt: true, useMap: true })
    const columns = table.schema.fields.map(({ name, type }) => ({ name, ...columnOf(arrow, type) }))
    const types: Record<string, string> = {}
    for (const { name, type } of columns) if (type !== undefined) types[name] = type
    const read = columns.map(({ say }, at) => ({ say, cells: table.getChildAt(at) }))
    const rows = function* (): Generator<TableRow> {
      for (let row = 0; row < table.numRows; row++)
        yield Object.fromEntries(
          read.map(({ say, cells }, at) => {
            const value: unknown = cells.at(row)
            return [(columns[at] as { readonly name: string }).name, value === null ? null : say(value)]
          }),
        )
    }
    return { rows: rows(), types: { ...types, ...said } }
  } catch (cause) {
    throw new QuiltError('INVALID', 'this is no Arrow IPC stream that can be read', {
      hint: 'write it with tableToIPC, uncompressed',
      cause,
    })
  }
}

const same = (value: unknown): unknown => value

function columnOf(arrow: Arrow, type: DataType): ArrowColumn {
  const { Type } = arrow
  const fields = type as unknown as TypeFields
  switch (fields.typeId) {
    case Type.Dictionary:
      return columnOf(arrow, fields.dictionary)
    case Type.Int:
      return { type: `${fields.signed ? 'int' : 'uint'}${String(fields.bitWidth)}`, say: same }
    case Type.Float:
      return { type: fields.precision === arrow.Precision.DOUBLE ? 'double' : 'float', say: same }
    case Type.Bool:
      return { type: 'bool', say: same }
    case Type.Utf8:
    case Type.LargeUtf8:
    case Type.Utf8View:
      return { type: 'utf8', say: same }
    case Type.Binary:
    case Type.LargeBinary:
      return { type: 'binary', say: same }
    case Type.Decimal:
      return {
        type: `decimal(${String(fields.precision)},${String(fields.scale)})`,
        say: (value) => decimalText(value as bigint | number, fields.scale),
      }
    case Type.Date:
      return { type: 'date32', say: (value) => timeText(value as number).slice(0, 10) }
    case Type.Timestamp:
      return {
        type: fields.timezone === null ? 'timestamp[us]' : 'timestamp[us, UTC]',
        say: (value) => `${timeText(value as number)}${fields.timezone === null ? '' : 'Z'}`,
      }
    case Type.Time:
      return {
        type: 'time64[us]',
        say: (value) => timeText((Number(value) / 1000 ** fields.unit) * 1000).slice(11),
      }
    default:
      return { type: undefined, say: same }
  }
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
