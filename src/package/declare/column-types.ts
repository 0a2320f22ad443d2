// Columns as TypeScript types: what docs/load.md says that a cell of an Arrow type is.
import { splitTypes } from '../../table/arrow-types.ts'
import type { ColumnFacts } from '../../table/read/read-rows.ts'

const simple: Readonly<Record<string, string>> = {
  bool: 'boolean',
  utf8: 'string',
  json: 'string',
  binary: 'Uint8Array',
  date32: 'Date',
  null: 'null',
}
/** Decimals of so many digits are numbers. */
const numberDigits = 15

/** The type of a cell of a top-level column. */
export function cellType(arrow: string, facts?: ColumnFacts): string {
  const isWhole = arrow === 'int64' || arrow === 'uint64'
  const value = isWhole && facts !== undefined ? (facts.isWide ? 'bigint' : 'number') : valueType(arrow)
  return facts?.hasNulls === false || value === 'null' ? value : `${value} | null`
}

/** The type of a value that is no null. */
function valueType(arrow: string): string {
  const known = simple[arrow]
  if (known !== undefined) return known
  if (/^u?int(8|16|32)$|^float$|^double$/.test(arrow)) return 'number'
  if (/^u?int64$/.test(arrow)) return 'number | bigint'
  if (arrow.startsWith('timestamp')) return 'Date'
  const decimal = /^decimal\((\d+), ?(\d+)\)$/.exec(arrow)
  if (decimal !== null) {
    if (Number(decimal[1]) <= numberDigits) return 'number'
    return decimal[2] === '0' ? 'bigint' : 'string'
  }
  const nested = /^(list|fixed_size_list|struct|map)<(.*)>$/s.exec(arrow)
  if (nested === null) return 'string'
  const parts = splitTypes(nested[2] as string)
  if (nested[1] === 'map')
    return `ReadonlyMap<${valueType(parts[0] ?? 'utf8')}, ${orNull(parts[1] ?? 'utf8')}>`
  if (nested[1] === 'struct') return `{ ${parts.map(fieldType).join('; ')} }`
  return `readonly (${orNull(parts[0] ?? 'utf8')})[]`
}

function orNull(arrow: string): string {
  return `${valueType(arrow)} | null`
}

function fieldType(field: string): string {
  const cut = field.indexOf(': ')
  return `readonly ${JSON.stringify(field.slice(0, cut))}: ${orNull(field.slice(cut + 2))}`
}
