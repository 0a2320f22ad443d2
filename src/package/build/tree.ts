// The new root tree of a build.
import type { Context } from '../../core/base/context.ts'
import type { Entry, GroupEntry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import type { ObjectReader, ObjectWriter } from '../../core/store/object-store.ts'
import { edit } from '../../core/tree/edit.ts'
import { lookup } from '../../core/tree/lookup.ts'
import { nodeReader } from '../../core/tree/node.ts'
import type { StatCache } from '../../worktree/stat-cache.ts'
import { refuseClash } from '../names/exported.ts'
import { checkWay } from '../names/nodes.ts'
import type { PreparedSource, SourceTree } from '../source/source-tree.ts'
import type { CommitPlace } from './commit.ts'

/** Where a tree is written, and what is known of its files. */
export interface TreeParts {
  readonly out: ObjectWriter
  readonly objects: ObjectReader
  readonly cache: StatCache
}

/** The new root tree: the source's own, or `latest`'s with the source in its place. */
export async function makeTree(
  { at, base, prepared }: CommitPlace & { readonly prepared: PreparedSource },
  { out, objects, cache }: TreeParts,
  ctx?: Context,
): Promise<{ readonly tree: Id; readonly source: SourceTree }> {
  if (base.commit !== undefined) {
    const root = { tree: base.commit.tree, handle: formatPackageName(at.pkg) }
    await checkWay(objects, root, at.path, ctx)
  }
  const source = await prepared.write({ out, cache }, ctx)
  const { entry } = source
  if (at.path === '') return { tree: (entry as GroupEntry).id, source }
  const nodes = nodeReader(objects)
  const old = base.commit === undefined ? undefined : await lookup(nodes, base.commit.tree, at.path)
  const to: Entry = entry.meta !== undefined || old?.meta === undefined ? entry : { ...entry, meta: old.meta }
  const tree = await edit(nodes, out, base.commit?.tree, [{ path: at.path, from: undefined, to }])
  await refuseClash(nodes, tree, at.path)
  return { tree, source }
}
