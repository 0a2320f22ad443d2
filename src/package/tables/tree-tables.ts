// What a build does with tables once its tree is there: views, the derived tree that keeps them, checks. A dry run, and
// whoever keeps no tables, makes the same views in files that go again, and only those that checks look at.
import type { Context } from '../../core/base/context.ts'
import type { QuiltError } from '../../core/base/error.ts'
import type { ByteSource } from '../../core/base/source.ts'
import type { Commit } from '../../core/model/commit.ts'
import type { Id } from '../../core/model/id.ts'
import type { ObjectReader, ObjectWriter } from '../../core/store/object-store.ts'
import { nodeReader } from '../../core/tree/node.ts'
import { temporaryBlobs } from '../../table/temporary-blobs.ts'
import { writeDerived, type KnownRecipe } from '../derived.ts'
import type { Session } from '../session.ts'
import { checkTables } from './check-tables.ts'
import { makeViews } from './make-views.ts'
import type { NamedChecks } from './named-checks.ts'

/** A tree that was just made. */
export interface TreeJob {
  readonly session: Session
  readonly objects: ObjectReader
  readonly tree: Id
  /** What the package was before; its views stay where their files do. */
  readonly base: Commit | undefined
  /** Another commit whose views serve: that from which the tree was loaded. */
  readonly from?: Commit | undefined
  /** Commits of other packages that parts were composed of. */
  readonly composed?: readonly Id[] | undefined
  /** Recipes of blobs that are new. */
  readonly recipes: ReadonlyMap<Id, KnownRecipe>
  readonly checks: NamedChecks | undefined
}

/** How its tables are kept. */
export interface KeepingJob extends TreeJob {
  readonly out: ObjectWriter
  /** False keeps no views of what has changed. */
  readonly tables: boolean
  /** False makes views also of files that have not changed and have none. */
  readonly onlyChanged: boolean
}

/** A tree that is looked at and not kept. */
export interface LookingJob extends TreeJob {
  /** Where the bytes of a file are that is not written to the store; `undefined` for one that is. */
  readonly bytesAt?: (path: string) => ByteSource | undefined
  /** True reads also what a build file says to read and no check looks at: what a build would find wrong there. */
  readonly said?: boolean
}

/** What came of a tree. */
export interface TreeTables {
  readonly derived: Id | undefined
  /** How often a check was asked of a table; all of them hold. */
  readonly asked: number
}

/**
 * Makes the views that are to be kept, and the derived tree, and checks the tables.
 * @throws INVALID for what cannot be read as the build file says, and with all checks that do not hold
 */
export async function keepTables(job: KeepingJob, ctx?: Context): Promise<TreeTables> {
  const { session, objects, out, tree, base, from, composed, recipes, checks, tables, onlyChanged } = job
  const nodes = nodeReader(objects)
  const unread = unreadFiles(checks)
  const needed = { needed: checks?.looksAt, unread: unread.note }
  const views = { objects, out, tree, base, from, composed, recipes, onlyChanged, ...needed }
  const made = tables ? await makeViews(session, views, ctx) : { recipes, views: [] }
  const derived = await writeDerived(nodes, out, { before: base, tree, ...made }, ctx)
  if (checks === undefined) return { derived, asked: 0 }
  if (!tables) return { derived, asked: await lookAtTables(job, ctx) }
  const copies = temporaryBlobs(objects, () => session.tables.newPath())
  try {
    const { file } = copies
    const { reasons } = unread
    const asked = await checkTables({ session, objects, tree, derived, named: checks, file, reasons }, ctx)
    return { derived, asked }
  } finally {
    copies.drop()
  }
}

/**
 * Checks the tables of a tree, and keeps nothing; gives how often a check was asked of a table.
 * @throws as `keepTables` does
 */
export async function lookAtTables(job: LookingJob, ctx?: Context): Promise<number> {
  const { session, tree, base, from, composed, recipes, checks, bytesAt } = job
  if (checks === undefined && job.said !== true) return 0
  const { out, objects, file, drop } = temporaryBlobs(job.objects, () => session.tables.newPath())
  try {
    const { note, reasons } = unreadFiles(checks)
    const only = job.said === true ? ('said' as const) : ('needed' as const)
    const which = { onlyChanged: true, needed: checks?.looksAt, only }
    const views = { objects, out, tree, base, from, composed, recipes, bytesAt, unread: note, ...which }
    const made = await makeViews(session, views, ctx)
    if (checks === undefined) return 0
    const derived = await writeDerived(nodeReader(objects), out, { before: base, tree, ...made }, ctx)
    return await checkTables({ session, objects, tree, derived, named: checks, file, reasons }, ctx)
  } finally {
    drop()
  }
}

/** Why files that name checks have no table: told with their checks, and not by the first of them. */
function unreadFiles(checks: NamedChecks | undefined): {
  readonly reasons: ReadonlyMap<string, string>
  note(path: string, error: QuiltError): boolean
} {
  const reasons = new Map<string, string>()
  return {
    reasons,
    note: (path, { message }) => {
      if (checks?.files.has(path) !== true) return false
      reasons.set(path, message)
      return true
    },
  }
}
