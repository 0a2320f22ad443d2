// Parts of other packages: found by their handles in what is installed here, checked, and brought into the store.
import type { Context } from '../../core/base/context.ts'
import { isQuiltError, QuiltError } from '../../core/base/error.ts'
import { readCommit } from '../../core/history/commits.ts'
import type { Commit, Source } from '../../core/model/commit.ts'
import { targetProblem, treeDepth, type Entry } from '../../core/model/entry.ts'
import { isIdPrefix, type Id } from '../../core/model/id.ts'
import type { JsonObject } from '../../core/model/metadata.ts'
import { formatPackageName, packageKey, type PackageName } from '../../core/model/package-name.ts'
import { splitPath } from '../../core/model/path.ts'
import { parseHandle, type Revision } from '../../core/model/revision.ts'
import type { ObjectReader } from '../../core/store/object-store.ts'
import { entries } from '../../core/tree/entries.ts'
import { nodeReader, treeMeta, type NodeReader } from '../../core/tree/node.ts'
import { withBytes } from '../exchange/bring.ts'
import type { ManifestPackage } from '../manifest.ts'
import { describeRevision, needRevision, type InstalledRevision } from '../names/installed.ts'
import { needNode } from '../names/nodes.ts'
import { normalVersion } from '../names/version.ts'
import type { Session } from '../session.ts'
import type { Problems } from './problems.ts'

/** A node of another package, to be taken over. */
export interface ComposedPart {
  /** Its own entry there; of a whole package one of type group. */
  readonly entry: Entry
  readonly meta: JsonObject | undefined
  /** True for a whole package, whose tree bears the metadata itself. */
  readonly whole: boolean
  /** Where its objects are, and the recipes of the large ones. */
  readonly objects: ObjectReader
  readonly derived: Id | undefined
  /** Groups above what is in it, there. */
  readonly depth: number
  readonly source: Source
}

/** What parts are found for. */
export interface ComposeSetting {
  readonly session: Session
  /** The package that is being built. */
  readonly pkg: PackageName
  readonly problems: Problems
  /** False in a dry run: then nothing is fetched. */
  readonly fetch: boolean
}

/** Most commits that are looked at for circles. */
const mostCommits = 4096

/** What a `package:` names; `undefined` after telling why there is nothing. */
export async function composePart(
  { session, pkg, problems, fetch }: ComposeSetting,
  node: ManifestPackage,
  place: { readonly path: string; readonly depth: number },
  ctx?: Context,
): Promise<ComposedPart | undefined> {
  try {
    const asked = await needRevision(session, node.source, ctx)
    await refuseCircle(asked, { pkg, handle: node.handle }, ctx)
    const part = await partOf(session, asked, { node, place, fetch }, ctx)
    const problem = await linkProblem(part, place.depth, ctx)
    if (problem !== undefined) problems.add(node.handleAt, problem)
    return part
  } catch (error) {
    const known = isQuiltError(error) && ['NOT_FOUND', 'AMBIGUOUS', 'INVALID'].includes(error.code)
    if (!known) throw error
    problems.add(node.handleAt, error.hint === undefined ? error.message : `${error.message}; ${error.hint}`)
    return undefined
  }
}

interface AskedPart {
  readonly node: ManifestPackage
  readonly place: { readonly path: string }
  readonly fetch: boolean
}

async function partOf(
  session: Session,
  asked: InstalledRevision,
  { node, place, fetch }: AskedPart,
  ctx?: Context,
): Promise<ComposedPart> {
  const trees = nodeReader(asked.store.repository.objects)
  const name = describeRevision(asked.state.pkg, asked.handle.revision)
  const { path, entry } = await needNode(
    trees,
    { tree: asked.commit.tree, handle: name },
    node.source.path,
    ctx,
  )
  const { store, commit, id } = fetch ? await withBytes(session, asked, path, ctx) : asked
  const { objects } = store.repository
  const source = { path: place.path, handle: node.handle, commit: id }
  const common = { objects, derived: commit.derived, depth: splitPath(path).length, source }
  if (entry !== undefined) return { ...common, entry, meta: entry.meta, whole: false }
  const meta = await treeMeta(nodeReader(objects), commit.tree)
  return {
    ...common,
    entry: { type: 'group', name: asked.state.pkg.name, id: commit.tree },
    meta,
    whole: true,
  }
}

/**
 * Refuses a package that is made of itself. One that names a certain revision, by version or hash, cannot grow for
 * ever, so it ends the search.
 */
async function refuseCircle(
  { commit, state, store }: InstalledRevision,
  { pkg, handle }: { readonly pkg: PackageName; readonly handle: string },
  ctx?: Context,
): Promise<void> {
  const self = packageKey(pkg)
  const names = [formatPackageName(pkg)]
  const circle = (way: readonly string[]): QuiltError =>
    new QuiltError(
      'INVALID',
      `a package cannot be made of itself: ${[...names, ...way].join(' is made of ')}`,
      {
        hint: 'name a version or a hash, which stays as it is',
      },
    )
  if (isFixed(parseHandle(handle).revision)) return
  if (packageKey(state.pkg) === self) throw circle([handle])
  const open: { readonly commit: Commit; readonly way: readonly string[] }[] = [{ commit, way: [handle] }]
  const seen = new Set<Id>()
  for (let next = open.pop(); next !== undefined && seen.size < mostCommits; next = open.pop()) {
    for (const source of next.commit.sources ?? []) {
      const { pkg: other, revision } = parseHandle(source.handle)
      const way = [...next.way, source.handle]
      if (isFixed(revision) || seen.has(source.commit)) continue
      if (packageKey(other) === self) throw circle(way)
      seen.add(source.commit)
      const found = await heldCommit(store.repository.objects, source.commit, ctx)
      if (found !== undefined) open.push({ commit: found, way })
    }
  }
}

function isFixed(revision: Revision | undefined): boolean {
  return revision !== undefined && (normalVersion(revision.name) !== undefined || isIdPrefix(revision.name))
}

async function heldCommit(objects: ObjectReader, id: Id, ctx?: Context): Promise<Commit | undefined> {
  try {
    return await readCommit(objects, id, ctx)
  } catch (error) {
    if (isQuiltError(error, 'NOT_FOUND')) return undefined
    throw error
  }
}

/** Why a part cannot stand below `depth` groups: a link in it would leave the package, or it is too deep. */
async function linkProblem(part: ComposedPart, depth: number, ctx?: Context): Promise<string | undefined> {
  const { entry, objects } = part
  if (entry.type === 'link') {
    const problem = targetProblem(entry.target, depth - 1)
    return problem === undefined
      ? undefined
      : `the link ${part.source.handle} cannot be kept here: ${problem}`
  }
  if (entry.type !== 'group') return undefined
  return linkProblemBelow(nodeReader(objects), entry.id, { depth, handle: part.source.handle }, ctx)
}

async function linkProblemBelow(
  nodes: NodeReader,
  top: Id,
  { depth, handle }: { readonly depth: number; readonly handle: string },
  ctx?: Context,
): Promise<string | undefined> {
  const open: { readonly tree: Id; readonly depth: number }[] = [{ tree: top, depth }]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at.depth > treeDepth) return `${handle} is too deep to stand here`
    for await (const entry of entries(nodes, at.tree, undefined, ctx)) {
      if (entry.type === 'group') open.push({ tree: entry.id, depth: at.depth + 1 })
      const problem = entry.type === 'link' ? targetProblem(entry.target, at.depth) : undefined
      if (problem !== undefined)
        return `the link ${JSON.stringify(entry.name)} in ${handle} cannot be kept here: ${problem}`
    }
  }
  return undefined
}
