// A table as an Arrow IPC stream, which every Arrow library reads. The encoder is flechette's, imported when asked.
import type { DuckDBType, DuckDBValue } from '@duckdb/node-api'
import type { DataType } from '@uwdata/flechette'
import { checkSignal, type Context } from '../../core/base/context.ts'
import { arrowType } from '../arrow-types.ts'
import type { TableEngine } from '../engine.ts'
import { nameTables, type TableFiles } from '../query.ts'

type Arrow = typeof import('@uwdata/flechette')
type Api = typeof import('@duckdb/node-api')

/** An Arrow type, and how its builder takes values. `finish` is called when all are taken. */
interface Shape {
  readonly type: DataType
  readonly give: (value: DuckDBValue) => unknown
  readonly finish: () => void
}

/**
 * All that a SELECT gives, as an IPC stream in memory; the engine is closed. Integers, decimals and times are exact to
 * the last digit. What Arrow has no type for is text.
 */
export async function toArrow(
  engine: TableEngine,
  { sql, tables = [] }: { readonly sql: string; readonly tables?: readonly TableFiles[] },
  ctx?: Context,
): Promise<Uint8Array> {
  try {
    const [arrow, api] = await Promise.all([import('@uwdata/flechette'), import('@duckdb/node-api')])
    const connection = await engine.connect(ctx)
    await nameTables(connection, tables)
    const { columns, chunks } = await connection.chunks(sql)
    const shapes = columns.map(({ type }) => shapeOf(arrow, api, type))
    const cells: unknown[][] = columns.map(() => [])
    for await (const chunk of chunks()) {
      checkSignal(ctx)
      shapes.forEach(({ give }, at) => {
        const vector = chunk.getColumnVector(at)
        const into = cells[at] as unknown[]
        for (let row = 0; row < chunk.rowCount; row++) into.push(given(give, vector.getItem(row)))
      })
    }
    const built = shapes.map(({ type }, at) => arrow.columnFromArray(cells[at] as unknown[], type))
    for (const { finish } of shapes) finish()
    const table = arrow.tableFromColumns(columns.map(({ name }, at) => [name, built[at] as never]))
    return arrow.tableToIPC(table, { format: 'stream' }) as Uint8Array
  } finally {
    await engine.close()
  }
}

const given = (give: Shape['give'], value: DuckDBValue | null): unknown =>
  value === null ? null : give(value)
const same = (value: unknown): unknown => value
const nothing = (): void => undefined

/** Types that are built as they are, by their Arrow names. */
const plainTypes: Readonly<Record<string, (arrow: Arrow) => DataType>> = {
  bool: (arrow) => arrow.bool(),
  int8: (arrow) => arrow.int8(),
  int16: (arrow) => arrow.int16(),
  int32: (arrow) => arrow.int32(),
  int64: (arrow) => arrow.int64(),
  uint8: (arrow) => arrow.uint8(),
  uint16: (arrow) => arrow.uint16(),
  uint32: (arrow) => arrow.uint32(),
  uint64: (arrow) => arrow.uint64(),
  float: (arrow) => arrow.float32(),
  double: (arrow) => arrow.float64(),
  utf8: (arrow) => arrow.utf8(),
  json: (arrow) => arrow.utf8(),
}

/** Types that are whole numbers of something: how they are built, what they are then, where DuckDB's value has the number. */
const countedTypes: Readonly<
  Record<string, (arrow: Arrow) => readonly [built: DataType, final: DataType, count: string]>
> = {
  date32: (arrow) => [arrow.int32(), arrow.dateDay(), 'days'],
  'time64[us]': (arrow) => [arrow.int64(), arrow.timeMicrosecond(), 'micros'],
  'timestamp[us]': (arrow) => [arrow.int64(), arrow.timestamp(arrow.TimeUnit.MICROSECOND), 'micros'],
  'timestamp[us, UTC]': (arrow) => [
    arrow.int64(),
    arrow.timestamp(arrow.TimeUnit.MICROSECOND, 'UTC'),
    'micros',
  ],
  'timestamp[s]': (arrow) => [arrow.int64(), arrow.timestamp(arrow.TimeUnit.SECOND), 'seconds'],
  'timestamp[ms]': (arrow) => [arrow.int64(), arrow.timestamp(arrow.TimeUnit.MILLISECOND), 'millis'],
  'timestamp[ns]': (arrow) => [arrow.int64(), arrow.timestamp(arrow.TimeUnit.NANOSECOND), 'nanos'],
}

/**
 * The shape of a type. Times are built as the whole numbers that they are, since the builder's way through float64
 * would lose digits, and take their own type when all values are in.
 */
function shapeOf(arrow: Arrow, api: Api, type: DuckDBType): Shape {
  const name = arrowType(String(type))
  const plain = plainTypes[name]
  if (plain !== undefined) {
    const give = name === 'utf8' || name === 'json' ? String : same
    return { type: plain(arrow), give, finish: nothing }
  }
  const counted = countedTypes[name]
  if (counted !== undefined) {
    const [built, final, count] = counted(arrow)
    return {
      type: built,
      give: (value) => (value as unknown as Readonly<Record<string, unknown>>)[count],
      finish: () => void Object.assign(built, final),
    }
  }
  if (name === 'binary')
    return {
      type: arrow.binary(),
      give: (value) => new Uint8Array((value as { bytes: Uint8Array }).bytes),
      finish: nothing,
    }
  const decimal = /^decimal\((\d+), ?(\d+)\)$/.exec(name)
  if (decimal !== null) {
    return {
      type: arrow.decimal128(Number(decimal[1]), Number(decimal[2])),
      give: (value) => (typeof value === 'bigint' ? value : (value as { value: bigint }).value),
      finish: nothing,
    }
  }
  return nestedShape(arrow, api, type)
}

function nestedShape(arrow: Arrow, api: Api, type: DuckDBType): Shape {
  if (type instanceof api.DuckDBListType || type instanceof api.DuckDBArrayType) {
    const item = shapeOf(arrow, api, type.valueType)
    return {
      type: arrow.list(item.type),
      finish: item.finish,
      give: (value) => (value as { items: readonly DuckDBValue[] }).items.map((one) => given(item.give, one)),
    }
  }
  if (type instanceof api.DuckDBStructType) {
    const fields = type.entryNames.map((name, i) => ({
      name,
      shape: shapeOf(arrow, api, type.entryTypes[i] as DuckDBType),
    }))
    return {
      type: arrow.struct(fields.map(({ name, shape }) => arrow.field(name, shape.type))),
      finish: () => fields.forEach(({ shape }) => shape.finish()),
      give: (value) => {
        const { entries } = value as { entries: Readonly<Record<string, DuckDBValue>> }
        return Object.fromEntries(
          fields.map(({ name, shape }) => [name, given(shape.give, entries[name] ?? null)]),
        )
      },
    }
  }
  if (type instanceof api.DuckDBMapType) {
    const [key, item] = [shapeOf(arrow, api, type.keyType), shapeOf(arrow, api, type.valueType)]
    return {
      type: arrow.map(arrow.field('key', key.type, false), arrow.field('value', item.type)),
      finish: () => {
        key.finish()
        item.finish()
      },
      give: (value) =>
        (value as { entries: readonly { key: DuckDBValue; value: DuckDBValue }[] }).entries.map((one) => [
          given(key.give, one.key),
          given(item.give, one.value),
        ]),
    }
  }
  return { type: arrow.utf8(), give: String, finish: nothing }
}
