// Which columns a table has, against those that a check wants: no SQL.
import { suggestion } from './fields.ts'
import type { SchemaForm } from './check.ts'

/** A column as the package says it: with the type that `inspect` shows. */
export interface NamedColumn {
  readonly name: string
  readonly type: string
}

/** Words for many types at once. */
const families: Readonly<Record<string, RegExp>> = {
  integer: /^u?int(8|16|32|64|eger)?$|^(u?(tiny|small|big|huge)int|uinteger)$/,
  number: /^u?int(8|16|32|64|eger)?$|^(u?(tiny|small|big|huge)int|uinteger)$|^(half|float|double)|^decimal/,
  text: /^(large_?)?(utf8|string)|^varchar|^text/,
  boolean: /^bool/,
  date: /^date/,
  time: /^time(32|64|\b|\()(?!stamp)/,
  timestamp: /^timestamp/,
  binary: /^(large_?|fixed_?size_?)?binary|^blob/,
  list: /^(large_?|fixed_?size_?)?list/,
  struct: /^struct/,
  map: /^map/,
}

/** What is wrong with the columns of a table, each as a sentence; empty when they are as wanted. */
export function schemaProblems(form: SchemaForm, columns: readonly NamedColumn[]): readonly string[] {
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  const names = [...types.keys()]
  const found: string[] = []
  for (const [name, wanted] of form.columns) {
    const type = types.get(name)
    if (type === undefined) found.push(`there is no column "${name}"${suggestion(name, names)}`)
    else if (wanted !== undefined && !isOfType(type, wanted))
      found.push(`"${name}" is ${type}, not ${wanted}`)
  }
  if (form.only)
    for (const name of names.filter((one) => !form.columns.has(one)))
      found.push(`the column "${name}" is not wanted`)
  if (form.ordered && found.length === 0) {
    const wanted = [...form.columns.keys()]
    const order = names.filter((name) => form.columns.has(name))
    if (order.some((name, i) => name !== wanted[i])) found.push(`the columns come as ${order.join(', ')}`)
  }
  return found
}

/** The very type, or a word for its family. */
function isOfType(type: string, wanted: string): boolean {
  const [have, want] = [type.toLowerCase().replaceAll(' ', ''), wanted.toLowerCase().replaceAll(' ', '')]
  if (have === want) return true
  if (have.endsWith(']')) return want === 'list' // DuckDB's way to write one
  return Object.hasOwn(families, want) && families[want]?.test(have) === true
}
