// A tree as lines of text, drawn as people know it from `tree`.
import type { InspectedNode } from '../package/inspect.ts'
import { formatBytes } from './printable.ts'

/** A line for each node below this one. */
export function* treeLines(node: InspectedNode, aliases: boolean, indent = ''): Generator<string> {
  const children = node.children ?? []
  for (const [i, child] of children.entries()) {
    const last = i === children.length - 1
    yield `${indent}${last ? '└─ ' : '├─ '}${describe(child, aliases)}`
    yield* treeLines(child, aliases, `${indent}${last ? '   ' : '│  '}`)
  }
}

/** A node in one line: its name, and what there is to say of it. */
export function describe(node: InspectedNode, aliases: boolean): string {
  const facts: string[] = []
  if (node.size !== undefined) facts.push(formatBytes(node.size))
  if (node.executable === true) facts.push('executable')
  if (node.here === false) facts.push('not here')
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
