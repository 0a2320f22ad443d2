// Types by the names that people see, which are Arrow's, and DuckDB's names for the same.
import { closest } from '../core/base/closest.ts'
import { QuiltError } from '../core/base/error.ts'

const simple: Readonly<Record<string, string>> = {
  bool: 'BOOLEAN',
  int8: 'TINYINT',
  int16: 'SMALLINT',
  int32: 'INTEGER',
  int64: 'BIGINT',
  uint8: 'UTINYINT',
  uint16: 'USMALLINT',
  uint32: 'UINTEGER',
  uint64: 'UBIGINT',
  float: 'FLOAT',
  double: 'DOUBLE',
  utf8: 'VARCHAR',
  binary: 'BLOB',
  date32: 'DATE',
  'time64[us]': 'TIME',
  'timestamp[us]': 'TIMESTAMP',
  'timestamp[us, UTC]': 'TIMESTAMP WITH TIME ZONE',
  'timestamp[ns]': 'TIMESTAMP_NS',
  'timestamp[ms]': 'TIMESTAMP_MS',
  'timestamp[s]': 'TIMESTAMP_S',
  uuid: 'UUID',
  json: 'JSON',
  null: 'NULL',
  month_day_nano_interval: 'INTERVAL',
}

/** Names that people know from pandas and SQL, for the same types. */
const spellings: Readonly<Record<string, string>> = {
  boolean: 'bool',
  int: 'int64',
  integer: 'int64',
  bigint: 'int64',
  float32: 'float',
  float64: 'double',
  number: 'double',
  str: 'utf8',
  string: 'utf8',
  text: 'utf8',
  object: 'utf8',
  category: 'utf8',
  date: 'date32',
  time: 'time64[us]',
  timestamp: 'timestamp[us]',
  datetime: 'timestamp[us]',
  datetime64: 'timestamp[us]',
  'datetime64[ns]': 'timestamp[us]',
  'datetime64[us]': 'timestamp[us]',
  'datetime64[ns, utc]': 'timestamp[us, UTC]',
  timestamptz: 'timestamp[us, UTC]',
}

const fromDuck = new Map(Object.entries(simple).map(([arrow, duck]) => [duck, arrow]))
const decimalForm = /^decimal\((\d{1,2}), ?(\d{1,2})\)$/

/**
 * The Arrow name of a type that a person declared.
 * @throws INVALID, with the nearest name
 */
export function parseType(text: string): string {
  const lower = text.trim().toLowerCase()
  const known = Object.keys(simple).find((name) => name.toLowerCase() === lower) ?? spellings[lower]
  if (known !== undefined && known !== 'null') return known
  const decimal = decimalForm.exec(lower)
  if (decimal !== null && Number(decimal[1]) <= 38 && Number(decimal[2]) <= Number(decimal[1]))
    return `decimal(${String(decimal[1])},${String(decimal[2])})`
  const near = closest(lower, [...Object.keys(simple), ...Object.keys(spellings)])
  throw new QuiltError('INVALID', `there is no type ${JSON.stringify(text.slice(0, 80))}`, {
    hint:
      near === undefined
        ? 'use one such as int64, double, utf8, bool, date32, timestamp, decimal(12,2)'
        : `did you mean ${near}?`,
  })
}

/** DuckDB's name of a simple Arrow type, as `parseType` gives it. */
export function duckType(arrow: string): string {
  return simple[arrow] ?? arrow.toUpperCase()
}

/** The Arrow name of a DuckDB type, nested ones too. */
export function arrowType(duck: string): string {
  const known = fromDuck.get(duck)
  if (known !== undefined) return known
  if (duck.startsWith('DECIMAL')) return duck.toLowerCase().replace(' ', '')
  if (duck === 'HUGEINT' || duck === 'UHUGEINT') return 'decimal(38,0)'
  if (duck.endsWith('[]')) return `list<${arrowType(duck.slice(0, -2))}>`
  const array = /^(.*)\[(\d+)\]$/.exec(duck)
  if (array !== null) return `fixed_size_list<${arrowType(array[1] as string)}, ${String(array[2])}>`
  const nested = /^(STRUCT|MAP)\((.*)\)$/s.exec(duck)
  if (nested?.[1] === 'MAP')
    return `map<${splitTypes(nested[2] as string)
      .map(arrowType)
      .join(', ')}>`
  if (nested?.[1] === 'STRUCT')
    return `struct<${splitTypes(nested[2] as string)
      .map(fieldType)
      .join(', ')}>`
  return duck.startsWith('ENUM') ? 'utf8' : duck.toLowerCase()
}

/** `"a b" INTEGER` → `a b: int32`. */
function fieldType(field: string): string {
  const match = /^("(?:[^"]|"")*"|\S+) (.*)$/s.exec(field)
  if (match === null) return field
  const name = (match[1] as string).replace(/^"(.*)"$/s, '$1').replaceAll('""', '"')
  return `${name}: ${arrowType(match[2] as string)}`
}

/** What lies between the commas of the outermost level of a type's name, DuckDB's or Arrow's. */
export function splitTypes(text: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let from = 0
  for (let i = 0; i < text.length; i++) {
    const c = text[i]
    if (c === '"') quoted = !quoted
    else if (quoted) continue
    else if (c === '(' || c === '<') depth++
    else if (c === ')' || c === '>') depth--
    else if (c === ',' && depth === 0) {
      parts.push(text.slice(from, i).trim())
      from = i + 1
    }
  }
  return [...parts, text.slice(from).trim()]
}
