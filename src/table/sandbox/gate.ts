// The gate before untrusted SQL: judges the tree that DuckDB's own parser made of a text. What is not known to be
// harmless is refused: one SELECT, known tables, functions that only compute. Pure; runs nothing, parses no SQL.
import { allowedAggregates, allowedFunctions, allowedWindows, hiddenFunctions } from './allowed-functions.ts'
import { isNode, textOf, typeRefusals, type Node } from './type-gate.ts'

/** What the SQL may name. */
export interface GateNames {
  /** Tables, as their names are written. */
  readonly tables: Iterable<string>
  /** Names that a WITH may define beside plain words. */
  readonly aliases?: Iterable<string>
  /** Columns; they matter only where one is called as a hidden function (`current_date`). */
  readonly columns?: Iterable<string>
}

/** Something that is not let through, and where in the text it stands (in bytes of UTF-8, from 0). */
export interface Refusal {
  readonly message: string
  readonly at: number | undefined
}

/** What the gate found. With a refusal the SQL must not run. */
export interface Verdict {
  readonly refusals: readonly Refusal[]
  /** The known tables that it names, as they were handed in. */
  readonly tables: readonly string[]
  /** The only expression of a `SELECT (…)` that names nothing else; `undefined` for any other statement. */
  readonly expression: ExpressionFacts | undefined
}

/** What an expression uses outside of its sub-queries. */
export interface ExpressionFacts {
  readonly aggregate: boolean
  /** First parts of the columns that it names, in lower case. */
  readonly columns: readonly string[]
}

/** A part of the tree, and what is known where it stands. */
interface Visit {
  readonly value: unknown
  readonly key: string
  readonly scope: Scope | undefined
  /** True inside a sub-query. */
  readonly nested: boolean
}

/** Names that WITH defined, innermost first. */
interface Scope {
  readonly name: string
  readonly outer: Scope | undefined
}

interface Judge {
  readonly refuse: (message: string, node?: Node) => void
  readonly tables: ReadonlyMap<string, string>
  readonly aliases: ReadonlySet<string>
  readonly known: ReadonlySet<string>
  readonly named: Set<string>
  readonly columns: Set<string>
  aggregate: boolean
  /** Stars outside of sub-queries make many expressions of one. */
  several: boolean
}

const queryTypes = new Set(['SELECT_NODE', 'SET_OPERATION_NODE'])
const sourceTypes = new Set(['BASE_TABLE', 'SUBQUERY', 'JOIN', 'EMPTY', 'EXPRESSION_LIST'])
const modifierTypes = new Set(['ORDER_MODIFIER', 'LIMIT_MODIFIER', 'DISTINCT_MODIFIER'])
const orderTypes = new Set(['ORDER_DEFAULT', 'ASCENDING', 'DESCENDING'])
const classes = new Set(
  'BETWEEN CASE CAST COLUMN_REF COMPARISON CONJUNCTION CONSTANT FUNCTION LAMBDA OPERATOR STAR SUBQUERY WINDOW'.split(
    ' ',
  ),
)
const plainWord = /^[a-z_][a-z0-9_]*$/i

/** Judges what `json_serialize_sql` answered, whatever that is. */
export function judge(parsed: unknown, names: GateNames): Verdict {
  const refusals: Refusal[] = []
  const refuse = (message: string, node?: Node): void => {
    const at = node?.['query_location']
    if (refusals.length < 10) refusals.push({ message, at: typeof at === 'number' ? at : undefined })
  }
  const statement = onlyStatement(parsed, refuse)
  if (statement === undefined) return { refusals, tables: [], expression: undefined }
  const judging: Judge = {
    refuse,
    tables: new Map([...names.tables].map((name) => [name.toLowerCase(), name])),
    aliases: new Set([...(names.aliases ?? [])].map((name) => name.toLowerCase())),
    known: new Set([...(names.columns ?? [])].map((name) => name.toLowerCase())),
    named: new Set(),
    columns: new Set(),
    aggregate: false,
    several: false,
  }
  walk(statement, judging)
  const alone = isExpression(statement['node']) && !judging.several
  return {
    refusals,
    tables: [...judging.named],
    expression: alone ? { aggregate: judging.aggregate, columns: [...judging.columns] } : undefined,
  }
}

function onlyStatement(parsed: unknown, refuse: Judge['refuse']): Node | undefined {
  const answer = isNode(parsed) ? parsed : {}
  if (answer['error'] !== false) {
    const message = answer['error_message']
    const at = Number(answer['position'])
    const notSelect = answer['error_type'] === 'not implemented'
    refuse(
      notSelect
        ? 'only a SELECT may stand here'
        : `it is no SQL: ${typeof message === 'string' ? message : 'it cannot be parsed'}`,
      Number.isSafeInteger(at) ? { query_location: at } : undefined,
    )
    return undefined
  }
  const statements = answer['statements']
  if (!Array.isArray(statements) || statements.length !== 1 || !isNode(statements[0])) {
    refuse('exactly one statement may stand here')
    return undefined
  }
  return statements[0]
}

/** Visits everything that there is in the tree: a key that the gate does not know is looked into as well. */
function walk(statement: Node, judging: Judge): void {
  const open: Visit[] = [{ value: statement, key: 'statement', scope: undefined, nested: false }]
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { value, key, scope, nested } = visit
    if (Array.isArray(value)) for (const one of value) open.push({ value: one, key, scope, nested })
    if (!isNode(value)) continue
    const inner = judgeNode(value, visit, judging)
    const within = withNames(value, { ...visit, nested: inner.nested }, open, judging)
    for (const [key, child] of Object.entries(value)) {
      if (key === 'cte_map' || inner.skip.includes(key)) continue
      open.push({ value: child, key, scope: within, nested: inner.nested })
    }
  }
}

/** What of a node's children needs no visit, and whether they are inside a sub-query. */
interface Inner {
  readonly skip: readonly string[]
  readonly nested: boolean
}

function judgeNode(node: Node, visit: Visit, judging: Judge): Inner {
  const { refuse } = judging
  const type = node['type']
  const nested = visit.nested || visit.key === 'subquery'
  if (visit.key === 'statement') {
    for (const key of Object.keys(node))
      if (!['node', 'named_param_map'].includes(key)) refuse(`"${key}" is not known here`)
    if (node['named_param_map'] !== undefined) refuse('parameters have no values here')
    return { skip: [], nested }
  }
  if (node['class'] !== undefined) return judgeExpression(node, visit, judging)
  if (visit.key === 'cast_type') {
    for (const refusal of typeRefusals(node)) refuse(refusal)
    return { skip: Object.keys(node), nested }
  }
  if (typeof type !== 'string') return { skip: [], nested } // a list of names, a case, a pair
  if (queryTypes.has(type)) {
    if (node['sample'] !== undefined) refuse('a sample differs from run to run')
    return { skip: [], nested }
  }
  if (sourceTypes.has(type)) {
    if (node['sample'] !== undefined) refuse('a sample differs from run to run')
    if (type === 'BASE_TABLE') judgeTable(node, visit.scope, judging)
    return { skip: [], nested }
  }
  if (!modifierTypes.has(type) && !orderTypes.has(type)) refuse(sourceRefusal(node, type), node)
  return { skip: type === 'TABLE_FUNCTION' ? ['function'] : [], nested }
}

function sourceRefusal(node: Node, type: string): string {
  if (type === 'TABLE_FUNCTION') {
    const call = node['function']
    const name = isNode(call) ? textOf(call['function_name']) : ''
    return `the table function ${name} may not be called`
  }
  if (type === 'SHOW_REF') return 'DESCRIBE, SHOW and SUMMARIZE may not stand here'
  if (type === 'RECURSIVE_CTE_NODE') return 'WITH RECURSIVE may not stand here'
  return `${type.toLowerCase().replaceAll('_', ' ')} may not stand here`
}

function judgeTable(node: Node, scope: Scope | undefined, judging: Judge): void {
  const name = textOf(node['table_name'])
  if (['schema_name', 'catalog_name', 'at_clause'].some((key) => (node[key] ?? '') !== '')) {
    judging.refuse(`"${name}" is named with a schema or a catalog, which there are none of`, node)
    return
  }
  for (let at = scope; at !== undefined; at = at.outer) if (at.name === name.toLowerCase()) return
  const known = judging.tables.get(name.toLowerCase())
  if (known === undefined) judging.refuse(`there is no table "${name}" here`, node)
  else judging.named.add(known)
}

function judgeExpression(node: Node, visit: Visit, judging: Judge): Inner {
  const { refuse } = judging
  const kind = textOf(node['class'])
  const nested = visit.nested || visit.key === 'subquery'
  if (!classes.has(kind)) {
    const words = kind === 'PARAMETER' ? 'parameters have no values here' : `${kind} may not stand here`
    refuse(words, node)
  }
  if (kind === 'FUNCTION' || kind === 'WINDOW') judgeCall(node, kind, { ...visit, nested }, judging)
  if (kind === 'COLUMN_REF') judgeColumn(node, nested, judging)
  if (kind === 'STAR' && !nested) judging.several = true
  return { skip: kind === 'CONSTANT' ? ['value'] : [], nested }
}

function judgeCall(node: Node, kind: string, visit: Visit, judging: Judge): void {
  const name = textOf(node['function_name']).toLowerCase()
  const schema = node['schema'] ?? ''
  const catalog = node['catalog'] ?? ''
  const aggregate = allowedAggregates.has(name)
  const allowed =
    kind === 'WINDOW' ? aggregate || allowedWindows.has(name) : aggregate || allowedFunctions.has(name)
  // The parser itself writes `main` before what [1], {'a': 1} and extract(…) become.
  if (!allowed || (schema !== '' && schema !== 'main') || catalog !== '')
    judging.refuse(`the function ${name} may not be called`, node)
  if (kind === 'FUNCTION' && aggregate && !visit.nested) judging.aggregate = true
}

function judgeColumn(node: Node, nested: boolean, judging: Judge): void {
  const parts = Array.isArray(node['column_names']) ? (node['column_names'] as unknown[]) : []
  const first = textOf(parts[0]).toLowerCase()
  if (parts.length === 1 && hiddenFunctions.has(first) && !judging.known.has(first))
    judging.refuse(`${first} differs from run to run or from machine to machine`, node)
  if (!nested) judging.columns.add(first)
}

/**
 * The names that are known inside a query that begins WITH: each is known to those after it and to the query, never
 * to itself. One that could be taken for a file's path is refused: outside its scope DuckDB would open the file.
 */
function withNames(node: Node, visit: Visit, open: Visit[], judging: Judge): Scope | undefined {
  const map = isNode(node['cte_map']) ? node['cte_map']['map'] : undefined
  let scope = visit.scope
  if (node['cte_map'] === undefined) return scope
  if (!Array.isArray(map)) {
    judging.refuse('a WITH that is not known here')
    return scope
  }
  for (const pair of map as unknown[]) {
    const { key, value } = isNode(pair) ? pair : {}
    const name = textOf(key)
    if (!plainWord.test(name) && !judging.aliases.has(name.toLowerCase()))
      judging.refuse(`"${name}" is no plain word, as the names in WITH must be`)
    open.push({ value, key: 'cte', scope, nested: true })
    scope = { name: name.toLowerCase(), outer: scope }
  }
  return scope
}

/** `SELECT (…)` of one expression, and nothing else. */
function isExpression(node: unknown): boolean {
  if (!isNode(node) || node['type'] !== 'SELECT_NODE') return false
  const { select_list: list, from_table: from } = node
  const others = Object.keys(node).filter(
    (key) => !['type', 'select_list', 'from_table', 'aggregate_handling'].includes(key),
  )
  const alone = Array.isArray(list) && list.length === 1
  return alone && others.length === 0 && isNode(from) && from['type'] === 'EMPTY'
}
