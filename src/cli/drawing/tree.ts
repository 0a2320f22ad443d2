// A tree as lines of text, drawn as people know it from `tree`.
import type { InspectedNode } from '../../package/inspect.ts'
import { formatBytes, formatPlural } from '../printable.ts'

/** A line for each node below this one. */
export function* treeLines(node: InspectedNode, aliases: boolean, indent = ''): Generator<string> {
  const children = node.children ?? []
  for (const [i, child] of children.entries()) {
    const last = i === children.length - 1
    yield `${indent}${last ? '└─ ' : '├─ '}${describe(child, aliases)}`
    yield* treeLines(child, aliases, `${indent}${last ? '   ' : '│  '}`)
  }
}

/** How large a table is; of a file with several, which there are. */
function tableFacts({ rows, columns, tables }: InspectedNode): readonly string[] {
  if (columns === undefined) return [`tables ${(tables ?? []).map(({ name }) => name).join(', ')}`]
  return [formatPlural(rows ?? 0, 'row'), formatPlural(columns.length, 'column')]
}

/** A table's columns, a row each: name and type; of a file with several tables, all of theirs. */
export function columnRows({ columns, tables }: InspectedNode): readonly (readonly string[])[] {
  const all = tables ?? (columns === undefined ? [] : [{ name: '', columns }])
  return all.flatMap(({ name: table, columns: some }) =>
    some.map(({ name, type }) => (table === '' ? [name, type] : [`${table}/${name}`, type])),
  )
}

/** A node in one line: its name, and what there is to say of it. */
export function describe(node: InspectedNode, aliases: boolean): string {
  const facts: string[] = []
  if (node.size !== undefined) facts.push(formatBytes(node.size))
  if (node.type === 'table') facts.push(...tableFacts(node))
  if (node.executable === true) facts.push('executable')
  if (node.here === false) facts.push('not here')
  if (node.source !== undefined) facts.push(`source ${node.source}`)
  if (node.reading !== undefined) facts.push(`read as ${readingText(node.reading)}`)
  if (node.from !== undefined) facts.push(`from ${node.from.handle} (${node.from.commit.slice(0, 12)})`)
  if (aliases && node.alias !== undefined) facts.push(`also ${node.alias}`)
  if (node.meta !== undefined) facts.push(JSON.stringify(node.meta))
  const name =
    node.type === 'group'
      ? `${node.name}/`
      : node.target === undefined
        ? node.name
        : `${node.name} -> ${node.target}`
  return facts.length === 0 ? name : `${name}  (${facts.join(', ')})`
}

function readingText({ parser, options }: { readonly parser: string; readonly options: object }): string {
  return Object.keys(options).length === 0 ? parser : `${parser} ${JSON.stringify(options)}`
}
