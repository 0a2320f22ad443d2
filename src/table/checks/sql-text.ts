// Writing SQL around values: the only place of the checks that quotes. What is quoted here cannot end its own quotes.

/** A name as SQL writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text as SQL writes it. */
export function textLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** A number as SQL writes it, or `undefined` for a text that is none. */
export function numberLiteral(value: number | string): string | undefined {
  const text = typeof value === 'number' ? String(value) : value.trim()
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? `(${text})` : undefined
}

/** True for the types that count, as DuckDB writes them. */
export function isNumeric(type: string): boolean {
  return /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(type)
}

/** True for the types of a date, or a date and a time. */
export function isMoment(type: string): boolean {
  return type === 'DATE' || type.startsWith('TIMESTAMP')
}
