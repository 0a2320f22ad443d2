// Cells as JavaScript values: numbers, texts, dates; bigint only for what a number cannot hold.
import type { DuckDBDataChunk, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { numbersIn, textsIn, wholeNumbersIn, type ReadVector } from './vectors.ts'

type Api = typeof import('@duckdb/node-api')

/** Makes a cell of a value that is not null; `undefined` where the value is the cell. */
type MakeCell = ((value: DuckDBValue) => unknown) | undefined

const dayMs = 86_400_000
/** Decimals of so many digits are exact enough as float64. */
const numberDigits = 15

/**
 * How the cells of a column are made. Whole numbers of 64 bits are numbers, or, in a column that `isWide`, bigints;
 * where that is unknown, each is what it needs to be.
 */
function cellMaker(api: Api, type: DuckDBType, isWide?: boolean): MakeCell {
  const ids = api.DuckDBTypeId
  switch (type.typeId) {
    case ids.BIGINT:
    case ids.UBIGINT:
    case ids.HUGEINT:
    case ids.UHUGEINT:
      if (isWide === undefined) return (value) => exact(value as bigint)
      return isWide ? undefined : Number
    case ids.BOOLEAN:
    case ids.TINYINT:
    case ids.SMALLINT:
    case ids.INTEGER:
    case ids.UTINYINT:
    case ids.USMALLINT:
    case ids.UINTEGER:
    case ids.FLOAT:
    case ids.DOUBLE:
    case ids.VARCHAR:
    case ids.ENUM:
    case ids.BIGNUM:
      return undefined
    default:
      return (value) => cellOf(api, value)
  }
}

/** A whole number as a number where that is exact. */
function exact(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** A cell of any type, by its value alone: for what is no plain number or text, and for what lies in it. */
function cellOf(api: Api, value: DuckDBValue): unknown {
  if (typeof value === 'bigint') return exact(value)
  if (typeof value !== 'object' || value === null) return value
  const cell = (one: DuckDBValue): unknown => cellOf(api, one)
  if (value instanceof api.DuckDBDateValue)
    return value.isFinite ? new Date(value.days * dayMs) : value.toString()
  if (value instanceof api.DuckDBTimestampValue || value instanceof api.DuckDBTimestampTZValue)
    return value.isFinite ? dateOf(value.micros, 1000n) : value.toString()
  if (value instanceof api.DuckDBTimestampSecondsValue) return new Date(Number(value.seconds) * 1000)
  if (value instanceof api.DuckDBTimestampMillisecondsValue) return new Date(Number(value.millis))
  if (value instanceof api.DuckDBTimestampNanosecondsValue) return dateOf(value.nanos, 1_000_000n)
  if (value instanceof api.DuckDBDecimalValue) return decimalCell(value)
  if (value instanceof api.DuckDBBlobValue) return new Uint8Array(value.bytes)
  if (value instanceof api.DuckDBListValue || value instanceof api.DuckDBArrayValue)
    return value.items.map(cell)
  if (value instanceof api.DuckDBStructValue)
    return Object.fromEntries(Object.entries(value.entries).map(([key, one]) => [key, cell(one)]))
  if (value instanceof api.DuckDBMapValue)
    return new Map(value.entries.map((entry) => [cell(entry.key), cell(entry.value)]))
  return value.toString()
}

/** The time, rounded down to what a Date holds. */
function dateOf(count: bigint, perMs: bigint): Date {
  const rest = ((count % perMs) + perMs) % perMs
  return new Date(Number((count - rest) / perMs))
}

function decimalCell(value: {
  readonly width: number
  readonly scale: number
  readonly value: bigint
}): unknown {
  if (value.scale === 0) return value.width > numberDigits ? value.value : Number(value.value)
  return value.width > numberDigits ? String(value) : Number(String(value))
}

/**
 * How a column's vectors are read. `isWide` is as for `cellMaker`.
 * @example const cells = columnReader(api, type)(chunk.getColumnVector(0), chunk.rowCount)
 */
export function columnReader(api: Api, type: DuckDBType, isWide?: boolean): ReadVector {
  const ids = api.DuckDBTypeId
  const make = cellMaker(api, type, isWide)
  const slow: ReadVector = (vector, rowCount) => {
    const cells = new Array<unknown>(rowCount)
    for (let row = 0; row < rowCount; row++) {
      const value = vector.getItem(row) as DuckDBValue
      cells[row] = make === undefined || value === null ? value : make(value)
    }
    return cells
  }
  switch (type.typeId) {
    case ids.BIGINT:
      return isWide === true ? slow : wholeNumbersIn(slow)
    case ids.TIMESTAMP:
    case ids.TIMESTAMP_TZ:
      return wholeNumbersIn(slow, (micros) => new Date(Math.floor(micros / 1000)))
    case ids.TINYINT:
    case ids.SMALLINT:
    case ids.INTEGER:
    case ids.UTINYINT:
    case ids.USMALLINT:
    case ids.UINTEGER:
    case ids.FLOAT:
    case ids.DOUBLE:
      return numbersIn(slow)
    case ids.VARCHAR:
      return textsIn(slow)
    default:
      return slow
  }
}

/** The cells of a chunk, column by column; `null` where there is no value. */
export function cellsOf(
  chunk: DuckDBDataChunk,
  readers: readonly ReadVector[],
): readonly (readonly unknown[])[] {
  return readers.map((read, at) => read(chunk.getColumnVector(at), chunk.rowCount))
}
