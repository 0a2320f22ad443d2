// Warns, when something is built, of names that another machine cannot hold side by side, or not at all.
import type { Context } from '../core/base/context.ts'
import type { Entry } from '../core/model/entry.ts'
import type { Id } from '../core/model/id.ts'
import { joinPath } from '../core/model/path.ts'
import { diffEntries } from '../core/tree/diff.ts'
import { entries } from '../core/tree/entries.ts'
import { nodeReader, type NodeReader } from '../core/tree/node.ts'
import type { ObjectReader } from '../core/store/object-store.ts'

/** Problems that are told in full; of the rest only their number. */
const mostTold = 5

/** Windows' devices, with or without an extension, and what it drops or refuses in a name. */
const oddOnWindows = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)|[. ]$|[<>:"|?*\u0001-\u001f]/iu

/** Most names are as they are without case and Unicode form. */
const isFolded = /^[\u0000-@[-\u007f]*$/

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
    const { fresh, below } = await changedIn(nodes, group)
    open.push(...below)
    if (fresh.size === 0) continue
    for (const problem of await problemsIn(nodes, group, fresh, ctx)) {
      if (told.length < mostTold) told.push(problem)
      else more++
    }
  }
  return more === 0 ? told : [...told, `${String(more)} more names like these`]
}

/** Names that are new in a group, and the groups in it that changed. */
async function changedIn(
  nodes: NodeReader,
  { path, before, after }: Changed,
): Promise<{ readonly fresh: ReadonlySet<string>; readonly below: readonly Changed[] }> {
  const fresh = new Set<string>()
  const below: Changed[] = []
  for await (const { name, from, to } of diffEntries(nodes, before, after)) {
    if (to !== undefined && from === undefined) fresh.add(name)
    if (to?.type !== 'group') continue
    const old = from?.type === 'group' ? from.id : undefined
    if (old !== to.id) below.push({ path: joinPath(path, name), before: old, after: to.id })
  }
  return { fresh, below }
}

async function problemsIn(
  nodes: NodeReader,
  { path, after }: Changed,
  fresh: ReadonlySet<string>,
  ctx?: Context,
): Promise<readonly string[]> {
  const problems: string[] = []
  const seen = new Map<string, Entry>()
  for await (const entry of entries(nodes, after, undefined, ctx)) {
    const { name } = entry
    const quoted = (): string => JSON.stringify(joinPath(path, name))
    if (fresh.has(name) && oddOnWindows.test(name)) problems.push(`${quoted()} cannot be written on Windows`)
    const folded = isFolded.test(name) ? name : name.normalize('NFC').toLowerCase()
    const other = seen.get(folded)
    if (other === undefined) seen.set(folded, entry)
    else if (fresh.has(name) || fresh.has(other.name)) {
      const first = JSON.stringify(joinPath(path, other.name))
      problems.push(`${first} and ${quoted()} are one name where case or Unicode form does not matter`)
    }
  }
  return problems
}
