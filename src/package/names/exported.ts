// The paths under which nodes are exported: a file that a build file renamed is written under its source's base name.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Entry, FileEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { joinPath } from '../../core/model/path.ts'
import { entries } from '../../core/tree/entries.ts'
import { lookup } from '../../core/tree/lookup.ts'
import { walk, type Located } from '../../core/tree/walk.ts'
import type { NodeReader } from '../../core/tree/node.ts'

/** The name under which an entry is exported. */
export function exportedName(entry: Entry): string {
  return (entry.type === 'file' ? entry.source : undefined) ?? entry.name
}

/**
 * Refuses a tree in which the folder of `path` cannot be exported.
 * @throws INVALID naming the two nodes
 */
export async function refuseClash(nodes: NodeReader, root: Id, path: string, ctx?: Context): Promise<void> {
  const slash = path.lastIndexOf('/')
  const folder = path.slice(0, Math.max(slash, 0))
  const parent = folder === '' ? undefined : await lookup(nodes, root, folder, ctx)
  const tree = folder === '' ? root : parent?.type === 'group' ? parent.id : undefined
  if (tree === undefined) return
  const clash = await clashIn(nodes, tree, ctx)
  if (clash !== undefined) throw clashError('INVALID', folder, clash)
}

interface Clash {
  readonly names: readonly [string, string]
  readonly as: string
}

function clashError(code: 'INVALID' | 'CONFLICT', folder: string, { names, as }: Clash): QuiltError {
  const [one, other] = names.map((name) => JSON.stringify(joinPath(folder, name)))
  const hint = code === 'INVALID' ? 'give it another name, or put it into a group' : 'export them one by one'
  return new QuiltError(
    code,
    `${String(one)} and ${String(other)} are both exported as ${JSON.stringify(as)}`,
    { hint },
  )
}

/** Two entries of one tree that are exported under one name, and are not the same file. */
async function clashIn(nodes: NodeReader, tree: Id, ctx?: Context): Promise<Clash | undefined> {
  const renamed = new Map<string, FileEntry>()
  for await (const entry of entries(nodes, tree, undefined, ctx)) {
    if (entry.type !== 'file' || entry.source === undefined) continue
    const other = renamed.get(entry.source)
    if (other !== undefined && !isSameFile(other, entry))
      return { names: [other.name, entry.name], as: entry.source }
    renamed.set(entry.source, entry)
  }
  if (renamed.size === 0) return undefined
  for await (const entry of entries(nodes, tree, undefined, ctx)) {
    const other = exportedName(entry) === entry.name ? renamed.get(entry.name) : undefined
    if (other === undefined || other.name === entry.name || isSameFile(other, entry)) continue
    return { names: [other.name, entry.name], as: entry.name }
  }
  return undefined
}

function isSameFile(a: Entry, b: Entry): boolean {
  return a.type === 'file' && b.type === 'file' && a.id === b.id && a.executable === b.executable
}

/** One folder on the way of an export: where it is written, and which renamed files were written there. */
interface OpenFolder {
  readonly path: string
  readonly as: string
  readonly written: Map<string, Entry>
}

/** A node at the path that it is exported to; `at` is its own. */
export interface Exported extends Located {
  readonly at: string
}

/**
 * Nodes as `walk` gives them, `above` being the groups above `root`, each at the path that it is exported to. The same file under two names comes once.
 * @throws CONFLICT for two that would be written as one
 */
export async function* exported(
  nodes: NodeReader,
  root: Id,
  ctx?: Context,
  above = 0,
): AsyncGenerator<Exported> {
  const open: OpenFolder[] = [{ path: '', as: '', written: await renamedIn(nodes, root, ctx) }]
  for await (const { path, entry } of walk(nodes, root, ctx, above)) {
    const above = path.slice(0, Math.max(path.length - entry.name.length - 1, 0))
    while (open.at(-1)?.path !== above) open.pop()
    const folder = open.at(-1) as OpenFolder
    const name = exportedName(entry)
    const as = joinPath(folder.as, name)
    const first = folder.written.get(name)
    if (first !== undefined && first.name !== entry.name) {
      if (isSameFile(first, entry)) continue
      throw clashError('CONFLICT', above, { names: [first.name, entry.name], as: name })
    }
    if (entry.type === 'group') open.push({ path, as, written: await renamedIn(nodes, entry.id, ctx) })
    yield { path: as, entry, at: path }
  }
}

/** The renamed files of one folder by the names that they are written under; the first of each. */
async function renamedIn(nodes: NodeReader, tree: Id, ctx?: Context): Promise<Map<string, Entry>> {
  const renamed = new Map<string, Entry>()
  for await (const entry of entries(nodes, tree, undefined, ctx)) {
    if (entry.type === 'file' && entry.source !== undefined && !renamed.has(entry.source))
      renamed.set(entry.source, entry)
  }
  return renamed
}
