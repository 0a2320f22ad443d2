// Warns, when something is built, of names that another machine cannot hold side by side, or not at all.
import { checkSignal, type Context } from '../core/base/context.ts'
import type { TreeEntry } from '../core/codec/objects/tree-entry.ts'
import { isLeaf, type TreeNode } from '../core/codec/objects/tree-node.ts'
import type { Id } from '../core/model/id.ts'
import { joinPath } from '../core/model/path.ts'
import { diffEntries } from '../core/tree/diff.ts'
import { nodeReader, readChildren, readRoot, type NodeReader } from '../core/tree/node.ts'
import type { ObjectReader } from '../core/store/object-store.ts'

/** Problems that are told in full; of the rest only their number. */
const mostTold = 5

/** Windows' devices, with or without an extension, and what it drops or refuses in a name. */
const oddOnWindows = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)|[. ]$|[<>:"|?*\u0001-\u001f]/iu

/** A group that a build made or changed. */
interface Changed {
  readonly path: string
  readonly before: Id | undefined
  readonly after: Id
}

/**
 * What to warn of, a sentence each: names that are new in `after` and are the same as others where case or Unicode
 * form does not matter, or that Windows reserves or changes. Groups that did not change are not read.
 */
export async function oddNames(
  objects: ObjectReader,
  before: Id | undefined,
  after: Id,
  ctx?: Context,
): Promise<readonly string[]> {
  const nodes = nodeReader(objects)
  const told: string[] = []
  let more = 0
  const open: Changed[] = before === after ? [] : [{ path: '', before, after }]
  for (let group = open.pop(); group !== undefined; group = open.pop()) {
    checkSignal(ctx)
    const { fresh, below } = await changesIn(nodes, group)
    for (const one of below) open.push(one)
    if (fresh?.size === 0) continue
    for (const problem of await problemsIn(nodes, group, fresh)) {
      if (told.length < mostTold) told.push(problem)
      else more++
    }
  }
  return more === 0 ? told : [...told, `${String(more)} more names like these`]
}

/** What changed in one group. */
interface Changes {
  /** Names that are new in it; `undefined` for all of them. */
  readonly fresh: ReadonlySet<string> | undefined
  readonly below: readonly Changed[]
}

async function changesIn(nodes: NodeReader, { path, before, after }: Changed): Promise<Changes> {
  const below: Changed[] = []
  const note = (to: TreeEntry, from: TreeEntry | undefined): void => {
    if (to.type !== 'group') return
    const old = from?.type === 'group' ? from.id : undefined
    if (old !== to.id) below.push({ path: joinPath(path, to.name), before: old, after: to.id })
  }
  if (before === undefined) {
    for await (const leaf of leavesOf(nodes, await readRoot(nodes, after)))
      for (const entry of leaf) note(entry, undefined)
    return { fresh: undefined, below }
  }
  const fresh = new Set<string>()
  for await (const { name, from, to } of diffEntries(nodes, before, after)) {
    if (to === undefined) continue
    if (from === undefined) fresh.add(name)
    note(to, from)
  }
  return { fresh, below }
}

/** A group's entries a leaf at a time: a turn of the event loop for each would cost more than all the rest. */
async function* leavesOf(nodes: NodeReader, node: TreeNode): AsyncGenerator<readonly TreeEntry[]> {
  if (isLeaf(node)) {
    yield node.entries
    return
  }
  for (let at = 0; at < node.children.length; at++) {
    const [child] = await readChildren(nodes, node, at, at + 1)
    if (child !== undefined) yield* leavesOf(nodes, child)
  }
}

async function problemsIn(
  nodes: NodeReader,
  { path, after }: Changed,
  fresh: ReadonlySet<string> | undefined,
): Promise<readonly string[]> {
  const problems: string[] = []
  const seen = new Map<string, string>()
  const quoted = (name: string): string => JSON.stringify(joinPath(path, name))
  const isFresh = (name: string): boolean => fresh === undefined || fresh.has(name)
  for await (const leaf of leavesOf(nodes, await readRoot(nodes, after))) {
    for (const { name } of leaf) {
      if (oddOnWindows.test(name) && isFresh(name))
        problems.push(`${quoted(name)} cannot be written on Windows`)
      const folded = name.normalize('NFC').toLowerCase()
      const other = seen.get(folded)
      if (other === undefined) seen.set(folded, name)
      else if (isFresh(name) || isFresh(other))
        problems.push(
          `${quoted(other)} and ${quoted(name)} are one name where case or Unicode form does not matter`,
        )
    }
  }
  return problems
}
