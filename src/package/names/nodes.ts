// Finds nodes of a package by path: real names first, then aliases.
import type { Context } from '../../core/base/context.ts'
import { closest } from '../../core/base/closest.ts'
import { QuiltError } from '../../core/base/error.ts'
import type { Entry } from '../../core/model/entry.ts'
import type { Id } from '../../core/model/id.ts'
import { joinPath, splitPath } from '../../core/model/path.ts'
import { entries } from '../../core/tree/entries.ts'
import { entryAt, lookup, lookupEntry } from '../../core/tree/lookup.ts'
import { nodesOf, type TreeSource } from '../../core/tree/node.ts'
import { aliasesOf } from './alias.ts'

/** A node and its path in real names. The root has no entry. */
export interface FoundNode {
  readonly path: string
  readonly entry: Entry | undefined
}

/** As many names are suggested where one is not found. */
const mostSuggested = 5

/**
 * The node at a path below a root tree, or `undefined`.
 * @throws AMBIGUOUS for an alias of several nodes; INVALID for an impossible path
 */
export async function findNode(
  objects: TreeSource,
  root: Id,
  path: string,
  ctx?: Context,
): Promise<FoundNode | undefined> {
  const nodes = nodesOf(objects, ctx)
  let found: FoundNode = { path: '', entry: undefined }
  let tree: Id | undefined = root
  for (const [depth, name] of splitPath(path).entries()) {
    if (tree === undefined) return undefined
    const entry: Entry | undefined =
      (await lookupEntry(nodes, tree, name)) ?? (await byAlias(nodes, tree, name, found.path))
    if (entry === undefined) return undefined
    found = { path: joinPath(found.path, entry.name), entry: entryAt(entry, depth) }
    tree = entry.type === 'group' ? entry.id : undefined
  }
  return found
}

/**
 * The node at a path.
 * @throws NOT_FOUND with names that are near, AMBIGUOUS, INVALID
 */
export async function needNode(
  objects: TreeSource,
  root: { readonly tree: Id; readonly handle: string },
  path: string,
  ctx?: Context,
): Promise<FoundNode> {
  const found = await findNode(objects, root.tree, path, ctx)
  if (found !== undefined) return found
  const near = await nearNames(objects, root.tree, path, ctx)
  throw new QuiltError('NOT_FOUND', `no ${JSON.stringify(path)} in ${root.handle}`, {
    hint:
      near.length === 0
        ? `see what there is with: quilt inspect ${root.handle}`
        : `did you mean ${near.join(' or ')}?`,
  })
}

/**
 * Refuses a path that goes through a file or a link, in whose place a group would have to come.
 * @throws INVALID
 */
export async function checkWay(
  objects: TreeSource,
  root: { readonly tree: Id; readonly handle: string },
  path: string,
  ctx?: Context,
): Promise<void> {
  const names = splitPath(path)
  for (let depth = 1; depth < names.length; depth++) {
    const at = names.slice(0, depth).join('/')
    const entry = await lookup(objects, root.tree, at, ctx)
    if (entry === undefined) return
    if (entry.type === 'group') continue
    throw new QuiltError('INVALID', `${JSON.stringify(at)} in ${root.handle} is a ${entry.type}`, {
      hint: 'only a group can hold something: use another path',
    })
  }
}

async function byAlias(
  nodes: TreeSource,
  tree: Id,
  name: string,
  folder: string,
): Promise<Entry | undefined> {
  if (!/^[A-Za-z][0-9A-Za-z_]*$/.test(name)) return undefined
  const all: Entry[] = []
  for await (const entry of entries(nodes, tree)) all.push(entry)
  const names = aliasesOf(all).get(name) ?? []
  if (names.length > 1) {
    throw new QuiltError(
      'AMBIGUOUS',
      `"${joinPath(folder, name)}" may mean ${names.map((real) => JSON.stringify(real)).join(' or ')}`,
      {
        hint: 'use the real name',
      },
    )
  }
  return all.find((entry) => entry.name === names[0])
}

/** Paths that differ little from one that is not there. */
async function nearNames(
  objects: TreeSource,
  root: Id,
  path: string,
  ctx?: Context,
): Promise<readonly string[]> {
  const slash = path.lastIndexOf('/')
  const folder = path.slice(0, Math.max(slash, 0))
  const found = await findNode(objects, root, folder, ctx)
  if (found === undefined || (found.entry !== undefined && found.entry.type !== 'group')) return []
  const wanted = path.slice(slash + 1).toLowerCase()
  const near: string[] = []
  for await (const { name } of entries(objects, found.entry?.id ?? root, undefined, ctx)) {
    const other = name.toLowerCase()
    const alike = other.includes(wanted) || wanted.includes(other) || other.slice(0, 3) === wanted.slice(0, 3)
    if (alike || closest(wanted, [other]) !== undefined) {
      near.push(joinPath(found.path, name))
    }
    if (near.length === mostSuggested) break
  }
  return near
}
