// From what a build file says under `checks` to checks, or to all that is wrong with it at once. Knows no YAML: it is
// handed plain values, and gives problems with their place in these.
import {
  rangeOfs,
  type Check,
  type CheckForm,
  type CheckProblem,
  type EnumValue,
  type ForeignKeyForm,
} from './check.ts'
import {
  boundField,
  countField,
  entriesOf,
  fieldsOf,
  flagField,
  listField,
  longestText,
  namesOf,
  shown,
  suggestion,
  textField,
  wordField,
  type Fields,
} from './fields.ts'

/** Checks by name, and what is wrong; a check with a problem is not among them. */
export interface ParsedChecks {
  readonly checks: ReadonlyMap<string, Check>
  readonly problems: readonly CheckProblem[]
}

type Path = readonly (string | number)[]

/** Where one form is read. */
interface Place {
  readonly value: unknown
  readonly at: Path
  readonly problems: CheckProblem[]
}

/** A check's name is a word of a list that spaces and commas part. */
const checkName = /^[^\s,]{1,200}$/u

/** Reads the definitions: a mapping from names to an expression, or to a mapping with one form. Never throws. */
export function parseChecks(value: unknown): ParsedChecks {
  const problems: CheckProblem[] = []
  const checks = new Map<string, Check>()
  const entries = entriesOf(value ?? {})
  if (entries === undefined) {
    problems.push({ path: [], message: `expected a mapping of names to checks, not ${shown(value)}` })
  }
  for (const [name, definition] of entries ?? []) {
    if (!checkName.test(name))
      problems.push({
        path: [name],
        message: `a check's name has no spaces and no commas, not ${shown(name)}`,
      })
    const check = parseCheck(name, definition, problems)
    if (check !== undefined) checks.set(name, check)
  }
  return { checks, problems }
}

/** The words that a mapping may have for a form, and how each is read. */
const forms: Readonly<Record<string, (place: Place) => CheckForm | undefined>> = {
  sql: (place) => sqlForm('expression', place),
  query: (place) => sqlForm('query', place),
  enum: enumForm,
  range: rangeForm,
  regexp: regexpForm,
  substr: substrForm,
  dates: datesForm,
  not_null: (place) => columnsForm('not_null', place),
  unique: (place) => columnsForm('unique', place),
  foreign_key: foreignKeyForm,
  rows: rowsForm,
  schema: schemaForm,
}

function parseCheck(name: string, value: unknown, problems: CheckProblem[]): Check | undefined {
  const before = problems.length
  if (typeof value === 'string') {
    const form = sqlForm('expression', { value, at: [name], problems })
    return form === undefined || problems.length > before ? undefined : { name, form }
  }
  const words = Object.keys(forms)
  if (entriesOf(value) === undefined) {
    const message = `expected an expression, or a mapping with ${words.join(', ')}, not ${shown(value)}`
    problems.push({ path: [name], message })
    return undefined
  }
  const fields = fieldsOf(value, [name], problems, [...words, 'description'])
  if (fields === undefined) return undefined
  const description = textField(fields, 'description', 'optional')
  const [word, ...others] = [...fields.values.keys()].filter((key) => key !== 'description')
  if (word === undefined && problems.length === before)
    fields.problem([name], `it says nothing of ${words.join(', ')}`)
  for (const other of others)
    fields.problem(
      [name, other],
      `one form is enough: "${other}" stands beside "${String(word)}"; make two checks of it`,
    )
  const read = forms[word ?? '']
  const form = read?.({ value: fields.values.get(word ?? ''), at: [name, word ?? ''], problems })
  if (form === undefined || problems.length > before) return undefined
  return { name, form, ...(description === undefined ? {} : { description }) }
}

function sqlForm(kind: 'expression' | 'query', { value, at, problems }: Place): CheckForm | undefined {
  const text = typeof value === 'string' ? value.trim().replace(/;\s*$/, '') : ''
  if (text !== '' && text.length <= longestText) return { kind, sql: text }
  const message = `expected ${kind === 'query' ? 'a SELECT' : 'an expression'} in SQL of at most ${String(longestText)} characters, not ${shown(value)}`
  problems.push({ path: at, message })
  return undefined
}

function enumForm({ value, at, problems }: Place): CheckForm | undefined {
  const fields = fieldsOf(value, at, problems, ['column', 'values'])
  if (fields === undefined) return undefined
  const column = textField(fields, 'column')
  const values = listField(fields, 'values')
  const plain = (values ?? []).map((one, i) => {
    if (one === null || ['boolean', 'string'].includes(typeof one)) return one as EnumValue
    if (typeof one === 'number' && Number.isFinite(one)) return one
    if (typeof one === 'bigint') return String(one)
    fields.problem([...at, 'values', i], `expected a text, a number, true, false or null, not ${shown(one)}`)
    return null
  })
  return column === undefined ? undefined : { kind: 'enum', column, values: plain }
}

function rangeForm({ value, at, problems }: Place): CheckForm | undefined {
  const fields = fieldsOf(value, at, problems, ['column', 'of', 'min', 'max'])
  if (fields === undefined) return undefined
  const column = textField(fields, 'column')
  const of = wordField(fields, 'of', rangeOfs) ?? 'value'
  const [min, max] = [boundField(fields, 'min'), boundField(fields, 'max')]
  orderedBounds(fields, min, max)
  if (of !== 'value' && of !== 'mode')
    for (const [key, bound] of Object.entries({ min, max }))
      if (typeof bound === 'string') fields.problem([...at, key], `the ${of} of a column is a number`)
  return column === undefined ? undefined : { kind: 'range', column, of, min, max }
}

/** At least one bound, the lower one first. */
function orderedBounds(fields: Fields, min: unknown, max: unknown): void {
  if (!fields.values.has('min') && !fields.values.has('max'))
    fields.problem(fields.at, '"min" or "max" is missing')
  if (typeof min === 'number' && typeof max === 'number' && min > max)
    fields.problem(fields.at, `"min" (${String(min)}) is above "max" (${String(max)})`)
}

function regexpForm({ value, at, problems }: Place): CheckForm | undefined {
  const fields = fieldsOf(value, at, problems, ['column', 'pattern', 'whole'])
  if (fields === undefined) return undefined
  const column = textField(fields, 'column')
  const pattern = textField(fields, 'pattern')
  const whole = flagField(fields, 'whole')
  return column === undefined || pattern === undefined
    ? undefined
    : { kind: 'regexp', column, pattern, whole }
}

function substrForm({ value, at, problems }: Place): CheckForm | undefined {
  const fields = fieldsOf(value, at, problems, ['column', 'text', 'any_case'])
  if (fields === undefined) return undefined
  const column = textField(fields, 'column')
  const text = textField(fields, 'text')
  const anyCase = flagField(fields, 'any_case')
  return column === undefined || text === undefined ? undefined : { kind: 'substr', column, text, anyCase }
}

function datesForm({ value, at, problems }: Place): CheckForm | undefined {
  if (typeof value === 'string' && value !== '')
    return { kind: 'dates', column: value, format: undefined, min: undefined, max: undefined }
  const fields = fieldsOf(value, at, problems, ['column', 'format', 'min', 'max'])
  if (fields === undefined) return undefined
  const column = textField(fields, 'column')
  const format = textField(fields, 'format', 'optional')
  const bound = (key: string): string | undefined => {
    const found = boundField(fields, key)
    if (typeof found === 'string' && !isoDate.test(found))
      fields.problem(
        [...at, key],
        `expected a date or a time as in ISO 8601 (2020-01-31), not ${shown(found)}`,
      )
    if (typeof found !== 'number') return found
    fields.problem([...at, key], `expected a date or a time as in ISO 8601 (2020-01-31), not ${shown(found)}`)
    return undefined
  }
  const [min, max] = [bound('min'), bound('max')]
  return column === undefined ? undefined : { kind: 'dates', column, format, min, max }
}

const isoDate = /^\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?$/

/** `unique: id`, `unique: [a, b]`, `unique: {columns: [a, b]}`. */
function columnsForm(kind: 'not_null' | 'unique', { value, at, problems }: Place): CheckForm | undefined {
  const problem = (path: Path, message: string): void => {
    problems.push({ path, message })
  }
  if (entriesOf(value) === undefined) {
    const columns = namesOf(value, at, problem)
    return columns === undefined ? undefined : { kind, columns }
  }
  const fields = fieldsOf(value, at, problems, ['columns'])
  if (fields === undefined) return undefined
  const columns = namesOf(fields.values.get('columns'), [...at, 'columns'], problem)
  return columns === undefined ? undefined : { kind, columns }
}

function foreignKeyForm({ value, at, problems }: Place): ForeignKeyForm | undefined {
  const fields = fieldsOf(value, at, problems, ['column', 'columns', 'table', 'references'])
  if (fields === undefined) return undefined
  const key = fields.values.has('columns') ? 'columns' : 'column'
  if (fields.values.has('columns') && fields.values.has('column'))
    fields.problem([...at, 'column'], 'one of "column" and "columns" is enough')
  const columns = namesOf(fields.values.get(key), [...at, key], fields.problem)
  const table = textField(fields, 'table')
  const given = fields.values.get('references')
  const references = given === undefined ? columns : namesOf(given, [...at, 'references'], fields.problem)
  if (columns === undefined || table === undefined || references === undefined) return undefined
  if (columns.length !== references.length)
    fields.problem(at, `${String(columns.length)} columns cannot refer to ${String(references.length)}`)
  return { kind: 'foreign_key', columns, table, references }
}

/** `rows: 150`, `rows: {min: 1}`. */
function rowsForm({ value, at, problems }: Place): CheckForm | undefined {
  if (Number.isSafeInteger(value) && (value as number) >= 0)
    return { kind: 'rows', min: value as number, max: value as number }
  const fields = fieldsOf(value, at, problems, ['min', 'max'])
  if (fields === undefined) return undefined
  const [min, max] = [countField(fields, 'min'), countField(fields, 'max')]
  orderedBounds(fields, min, max)
  return { kind: 'rows', min, max }
}

/** `schema: {columns: {price: number, kind: text}, only: true}`; the columns also as a list of names. */
function schemaForm({ value, at, problems }: Place): CheckForm | undefined {
  const fields = fieldsOf(value, at, problems, ['columns', 'only', 'ordered'])
  if (fields === undefined) return undefined
  const [only, ordered] = [flagField(fields, 'only'), flagField(fields, 'ordered')]
  const given = fields.values.get('columns')
  const columns = new Map<string, string | undefined>()
  const pairs = entriesOf(given)
  if (pairs === undefined) {
    for (const name of namesOf(given, [...at, 'columns'], fields.problem) ?? []) columns.set(name, undefined)
  }
  for (const [name, type] of pairs ?? []) {
    if (type !== null && (typeof type !== 'string' || type === '' || type.length > 1000))
      fields.problem([...at, 'columns', name], `expected the name of a type, not ${shown(type)}`)
    columns.set(name, typeof type === 'string' ? type : undefined)
  }
  return { kind: 'schema', columns, only, ordered }
}

/** What a list of names says that no definition answers to: one problem each, with the place in the list. */
export function unknownChecks(
  names: readonly string[],
  checks: ReadonlyMap<string, Check>,
): readonly CheckProblem[] {
  return names.flatMap((name, i) =>
    checks.has(name)
      ? []
      : [{ path: [i], message: `there is no check "${name}"${suggestion(name, [...checks.keys()])}` }],
  )
}
