// Which type a column of texts has: the narrowest one that every value is written as. Each part of a file says its
// own by one letter a column; the file's is their join, so it does not matter how the file was cut.

/** Letters of narrowest types, as a part's metadata says them. */
export type TypeLetter = '-' | 'b' | 'i' | 'd' | 'f' | 'D' | 'T' | 'Z' | 't' | 's'

/** Arrow's names; a column without any value is text. */
export const arrowOfLetter: Readonly<Record<TypeLetter, string>> = {
  '-': 'utf8',
  b: 'bool',
  i: 'int64',
  d: 'decimal(38,0)',
  f: 'double',
  D: 'date32',
  T: 'timestamp[us]',
  Z: 'timestamp[us, UTC]',
  t: 'time64[us]',
  s: 'utf8',
}

/** Narrow to wide: the join of two in one chain is the wider one. */
const chains: readonly string[] = ['idf', 'DT', 'Z', 'b', 't']

/** The narrowest type that holds what both hold. */
export function joinTypes(a: TypeLetter, b: TypeLetter): TypeLetter {
  if (a === b || b === '-') return a
  if (a === '-') return b
  const chain = chains.find((some) => some.includes(a) && some.includes(b))
  if (chain === undefined) return 's'
  return chain.indexOf(a) > chain.indexOf(b) ? a : b
}

/** The families that a column's values may belong to, and a number of bits for what each value is. */
const families = ['number', 'moment', 'time', 'bool'] as const
export type Family = (typeof families)[number]

/** How numbers are written. */
export interface NumberStyle {
  readonly decimal: string
  readonly thousands: string | undefined
}

/** SQL for a number's text in plain form. */
export function plainNumber(column: string, { decimal, thousands }: NumberStyle): string {
  let text = column
  if (thousands !== undefined) text = `replace(${text}, ${quoted(thousands)}, '')`
  return decimal === '.' ? text : `replace(${text}, ${quoted(decimal)}, '.')`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Usual forms of values, which a regular expression knows in a fifth of the time that the questions take (measured). */
const usual = {
  fraction: '-?(0|[1-9][0-9]*)[.][0-9]+',
  local: '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}[0-9:.]{0,10}',
  zoned: '[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}[0-9:.]{0,10}([Zz]|[+-][0-9:]{2,5})',
}

/**
 * SQL for the bits of all values of a column in one family: 1, 2, 4 for its types from narrow to wide, 128 for what is
 * none of them; NULL without any value.
 *
 * An integer is what is written as one: no leading zeros (a ZIP code stays text), nothing that an int64 cannot hold.
 */
export function familyBits(column: string, family: Family, style: NumberStyle): string {
  const cases = bitCases(family === 'number' ? plainNumber(column, style) : column, family)
  const whens = cases.map(([condition, bits]) => `WHEN ${condition} THEN ${String(bits)}`).join(' ')
  return `bit_or(CASE WHEN ${column} IS NULL THEN NULL ${whens} ELSE 128 END::UTINYINT)`
}

function bitCases(v: string, family: Family): readonly (readonly [string, number])[] {
  switch (family) {
    case 'number': {
      // The cheap questions first: a cast to a decimal that fails takes fifty times as long as one to an integer (measured).
      const noZeros = `((${v} >= '1' AND ${v} < ':') OR left(ltrim(${v}, ' +-'), 2) NOT BETWEEN '00' AND '09')`
      const isDouble = `TRY_CAST(${v} AS DOUBLE) IS NOT NULL AND ${noZeros} AND NOT contains(${v}, '_')`
      const bare = `trim(${v})`
      const isLong = `length(${v}) >= 19 AND ltrim(${bare}, '-0123456789') = ''`
      return [
        [`TRY_CAST(${v} AS BIGINT)::VARCHAR = ${v}`, 1],
        [`regexp_full_match(${v}, '${usual.fraction}') AND TRY_CAST(${v} AS DOUBLE) IS NOT NULL`, 4],
        [`contains(${v}, '.') AND ${isDouble}`, 4],
        [`${v} <> ${bare} AND TRY_CAST(${bare} AS BIGINT)::VARCHAR = ${bare}`, 1],
        [`${isLong} AND TRY_CAST(${bare} AS DECIMAL(38,0))::VARCHAR = ${bare}`, 2],
        [isDouble, 4],
      ]
    }
    case 'moment': {
      const form = `(${v} LIKE '____-__-__ __:__%' OR ${v} LIKE '____-__-__T__:__%')`
      const isLocal = `ltrim(substr(${v}, 17), '0123456789:.') = '' AND length(${v}) <= 26`
      const isZoned = `ltrim(substr(${v}, 17), '0123456789:.+-Zz') = '' AND length(${v}) <= 32`
      return [
        // Each of the first three says what the last ones say, of values that none of those between would take.
        [`TRY_CAST(${v} AS TIMESTAMP)::VARCHAR = ${v}`, 2],
        [`regexp_full_match(${v}, '${usual.zoned}') AND TRY_CAST(${v} AS TIMESTAMPTZ) IS NOT NULL`, 4],
        [`regexp_full_match(${v}, '${usual.local}') AND TRY_CAST(${v} AS TIMESTAMP) IS NOT NULL`, 2],
        [`${v} LIKE '____-__-__' AND TRY_CAST(${v} AS DATE) IS NOT NULL`, 1],
        [`${form} AND ${isLocal} AND TRY_CAST(${v} AS TIMESTAMP) IS NOT NULL`, 2],
        [`${form} AND ${isZoned} AND TRY_CAST(${v} AS TIMESTAMPTZ) IS NOT NULL`, 4],
      ]
    }
    case 'time':
      return [
        [
          `${v} LIKE '__:__:__%' AND ltrim(${v}, '0123456789:.') = '' AND length(${v}) <= 15` +
            ` AND TRY_CAST(${v} AS TIME) IS NOT NULL`,
          1,
        ],
      ]
    case 'bool':
      return [[`lower(${v}) IN ('true', 'false')`, 1]]
  }
}

/** What the bits of one family say; `undefined` where the values belong to another. */
export function letterOfBits(family: Family, bits: number): TypeLetter | undefined {
  if (bits >= 128) return undefined
  switch (family) {
    case 'number':
      return bits >= 4 ? 'f' : bits >= 2 ? 'd' : 'i'
    case 'moment':
      return bits === 1 ? 'D' : bits <= 3 ? 'T' : bits === 4 ? 'Z' : 's'
    case 'time':
      return 't'
    case 'bool':
      return 'b'
  }
}

/** All families, in the order in which they are tried. */
export const allFamilies: readonly Family[] = families
