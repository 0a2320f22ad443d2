// Plumbing for commits and refs: making commits from trees, and moving refs to them by hand.
import type { Context } from '../../core/base/context.ts'
import { QuiltError } from '../../core/base/error.ts'
import { encodeCommit } from '../../core/codec/objects/commit.ts'
import { ancestors, readCommit } from '../../core/history/commits.ts'
import { checkMessage } from '../../core/model/commit.ts'
import type { Id } from '../../core/model/id.ts'
import { formatPackageName } from '../../core/model/package-name.ts'
import { parseRefName } from '../../core/model/ref-name.ts'
import { recipeNodes } from '../../core/store/recipe-nodes.ts'
import { recipeChunks } from '../../core/store/recipe-tree.ts'
import { reach } from '../../core/repo/reach.ts'
import type { ObjectReader, ObjectWriter } from '../../core/store/object-store.ts'
import { readObject } from '../../core/store/pack-store.ts'
import { chunkThreshold } from '../../core/chunk/fastcdc.ts'
import { walk } from '../../core/tree/walk.ts'
import { writeDerived, type KnownRecipe } from '../derived.ts'
import { nodeReader } from '../../core/tree/node.ts'
import { packageOf } from '../names/installed.ts'
import type { Session } from '../session.ts'
import { objectId } from './objects.ts'

/** What a commit is made of. */
export interface CommitParts {
  readonly tree: string
  readonly parents?: readonly string[] | undefined
  readonly derived?: string | undefined
  readonly message: string
}

/**
 * Writes a commit. No ref names it yet.
 * @throws NOT_FOUND, AMBIGUOUS, INVALID
 */
export async function commitTree(session: Session, parts: CommitParts, ctx?: Context): Promise<Id> {
  checkMessage(parts.message)
  const { objects } = (await session.local()).repository
  const nodes = nodeReader(objects)
  const tree = await objectId(session, parts.tree, ctx)
  const derived = parts.derived === undefined ? undefined : await objectId(session, parts.derived, ctx)
  for (const id of derived === undefined ? [tree] : [tree, derived]) {
    const { kind } = await readObject(objects, id, ctx)
    if (kind !== 'tree') throw new QuiltError('INVALID', `${id} is a ${kind}, no tree`)
  }
  await nodes.readNodes(derived === undefined ? [tree] : [tree, derived])
  const parents: Id[] = []
  for (const parent of parts.parents ?? []) {
    const id = await objectId(session, parent, ctx)
    await readCommit(objects, id, ctx)
    parents.push(id)
  }
  const { message } = parts
  const author = session.identity()
  return objects.batch(
    async (out) => {
      const made =
        derived ??
        (await writeDerived(
          nodes,
          out,
          { before: undefined, tree, recipes: await recipesHere(objects, tree, ctx) },
          ctx,
        ))
      return out.write(
        'commit',
        encodeCommit({
          tree,
          parents,
          message,
          author,
          ...(made === undefined ? undefined : { derived: made }),
        }),
      )
    },
    undefined,
    ctx,
  )
}

/** The recipes of the large blobs that a tree reaches, as this store has them. */
async function recipesHere(
  objects: ObjectReader,
  tree: Id,
  ctx?: Context,
): Promise<ReadonlyMap<Id, KnownRecipe>> {
  const recipes = new Map<Id, KnownRecipe>()
  for await (const { entry } of walk(objects, tree, ctx)) {
    if (entry.type !== 'file' || entry.size <= chunkThreshold || recipes.has(entry.id)) continue
    const { recipe } = await readObject(objects, entry.id, ctx)
    if (recipe !== undefined) recipes.set(entry.id, { id: recipe, size: entry.size })
  }
  return recipes
}

/** One ref of a package. */
export interface ListedRef {
  readonly package: string
  readonly ref: string
  readonly commit: Id
}

/** Every ref of a package, or of all. */
export async function* listRefs(
  session: Session,
  pkg: string | undefined,
  ctx?: Context,
): AsyncGenerator<ListedRef> {
  const { refs } = (await session.local()).repository
  const wanted = pkg === undefined ? undefined : await refs.get(packageOf(pkg), ctx)
  if (pkg !== undefined && wanted === undefined)
    throw new QuiltError('NOT_FOUND', `package ${pkg} is not installed`, {
      hint: 'list the refs of all packages with: quilt raw list-refs',
    })
  const states = wanted === undefined ? refs.packages(ctx) : [wanted]
  for await (const state of states) {
    for (const [ref, commit] of state.refs) yield { package: formatPackageName(state.pkg), ref, commit }
  }
}

/** A ref to move. */
export interface RefMove {
  readonly pkg: string
  readonly ref: string
  /** The commit it is to name, or `-` to remove it. */
  readonly to: string
  /** What it must name now, or `-` for nothing. */
  readonly from?: string | undefined
}

/**
 * Moves a ref to a commit of which everything is here.
 * @throws CONFLICT when it is not at `from`; NOT_FOUND naming what the commit reaches and is not here
 */
export async function updateRef(
  session: Session,
  move: RefMove,
  ctx?: Context,
): Promise<ListedRef | undefined> {
  const { objects, refs } = (await session.local()).repository
  const pkg = packageOf(move.pkg)
  const name = parseRefName(move.ref)
  const to = move.to === '-' ? undefined : await objectId(session, move.to, ctx)
  const expected =
    move.from === undefined || move.from === '-' ? undefined : await objectId(session, move.from, ctx)
  const kind = to === undefined ? 'commit' : (await readObject(objects, to, ctx)).kind
  if (kind !== 'commit') {
    throw new QuiltError('INVALID', `${move.to} is a ${kind}, no commit`, {
      hint: 'make one with: quilt raw commit-tree',
    })
  }
  const record = { who: session.identity(), reason: 'raw update-ref' }
  await objects.batch(
    async (out) => {
      if (to !== undefined)
        await needWhole(session, { out, commit: to, shallow: (await refs.get(pkg, ctx))?.shallow }, ctx)
    },
    async () => {
      await refs.update(
        pkg,
        (state) => {
          const from = move.from === undefined ? state?.refs.get(name) : expected
          const version = name.startsWith('version/') ? state?.refs.get(name) : undefined
          if (version !== undefined && version !== to) {
            throw new QuiltError(
              'CONFLICT',
              `${move.ref} of ${move.pkg} is commit ${version}, and versions are for ever`,
              {
                hint: 'choose another version, or use a tag',
              },
            )
          }
          return { edits: from === to ? [] : [{ name, from, to }] }
        },
        record,
        ctx,
      )
    },
    ctx,
  )
  return to === undefined ? undefined : { package: formatPackageName(pkg), ref: name, commit: to }
}

/** Refuses a commit that reaches something that is not here, or that gc is about to delete. */
async function needWhole(
  session: Session,
  {
    out,
    commit,
    shallow = new Set(),
  }: { out: ObjectWriter; commit: Id; shallow?: ReadonlySet<Id> | undefined },
  ctx?: Context,
): Promise<void> {
  const { objects } = (await session.local()).repository
  const nodes = nodeReader(objects)
  const need = async (ids: readonly Id[]): Promise<void> => {
    const [missing] = await out.missing(ids, ctx)
    if (missing !== undefined)
      throw new QuiltError('NOT_FOUND', `commit ${commit} reaches ${missing}, which is not here`)
  }
  for await (const { id, commit: found } of ancestors(objects, commit, { shallow }, ctx)) {
    await need([id])
    let waiting: Id[] = []
    for await (const group of reach(nodes, { tree: found.tree, derived: found.derived }, ctx)) {
      for (const object of group) {
        waiting.push(object.id)
        if (object.kind === 'tree' || object.recipe === undefined) continue
        for await (const node of recipeNodes(objects, object.recipe, ctx)) waiting.push(node)
        for await (const chunk of recipeChunks(objects, object.recipe, undefined, ctx)) waiting.push(chunk.id)
      }
      if (waiting.length < 4096) continue
      await need(waiting)
      waiting = []
    }
    await need(waiting)
  }
}
