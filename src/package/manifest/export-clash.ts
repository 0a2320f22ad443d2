// Files that a build file renamed are exported under their sources' names: where two nodes of one folder would be
// written as one file, the build says so. The same bytes may be named twice.
import type { PlannedNode } from './planned.ts'
import { quoted, type Position } from './problems.ts'

/** The nodes of one group that cannot both be exported. */
export function exportClashes(
  children: ReadonlyMap<string, PlannedNode>,
): readonly { readonly at: Position; readonly message: string }[] {
  const clashes = []
  const written = new Map<string, readonly [name: string, node: PlannedNode]>()
  for (const [name, node] of children) {
    const as = ('source' in node ? node.source : undefined) ?? name
    const [other, known] = written.get(as) ?? []
    if (other === undefined || known === undefined) written.set(as, [name, node])
    else if (!isSameFile(known, node)) {
      const message = `${quoted(name)} and ${quoted(other)} would both be exported as ${quoted(as)}: put them into two groups`
      clashes.push({ at: node.at, message })
    }
  }
  return clashes
}

function isSameFile(a: PlannedNode, b: PlannedNode): boolean {
  if (a.kind === 'file' && b.kind === 'file') return a.found.path === b.found.path
  if (a.kind !== 'part' || b.kind !== 'part') return false
  const [one, other] = [a.part.entry, b.part.entry]
  return (
    one.type === 'file' && other.type === 'file' && one.id === other.id && one.executable === other.executable
  )
}
