// Walks a package's tree depth first, groups entered, without recursion and to a stated depth.
import type { Context } from '../base/context.ts'
import { QuiltError } from '../base/error.ts'
import { treeDepth, type Entry } from '../model/entry.ts'
import type { Id } from '../model/id.ts'
import { joinPath } from '../model/path.ts'
import { entries } from './entries.ts'
import { entryAt } from './lookup.ts'
import { nodesOf, type TreeSource } from './node.ts'

/** An entry and where it lies. */
export interface Located {
  readonly path: string
  readonly entry: Entry
}

/**
 * Every entry at and below `root`, each folder's ascending, a group before what lies below it. `above` is the number
 * of groups that `root` lies below in its package: links may point so far up.
 * @throws CORRUPT below 512 levels
 */
export async function* walk(
  objects: TreeSource,
  root: Id,
  ctx?: Context,
  above = 0,
): AsyncGenerator<Located> {
  const nodes = nodesOf(objects, ctx)
  const open = [{ path: '', listing: entries(nodes, root) }]
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = await top.listing.next()
    if (next.done === true) {
      open.pop()
      continue
    }
    const path = joinPath(top.path, next.value.name)
    const entry = entryAt(next.value, above + open.length - 1)
    yield { path, entry }
    if (entry.type !== 'group') continue
    checkDepth(above + open.length, path)
    open.push({ path, listing: entries(nodes, entry.id) })
  }
}

/**
 * Refuses to go below `depth` levels where that is too deep.
 * @throws CORRUPT
 */
export function checkDepth(depth: number, path: string): void {
  if (depth < treeDepth) return
  throw new QuiltError(
    'CORRUPT',
    `groups lie deeper than ${String(treeDepth)} levels below ${path.slice(0, 60)}`,
  )
}
