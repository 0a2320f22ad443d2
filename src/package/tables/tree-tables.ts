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
import { problemsError, problemsOf, type Position, type Problems } from '../manifest/problems.ts'
import { checkTables, noTable } from './check-tables.ts'
import { mayServe } from './find-views.ts'
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
  /** What its build file says of files. */
  readonly said?: SaidFiles | undefined
}

/** The files that a build file names. */
export interface SaidFiles {
  /** The build file, as it is shown. */
  readonly file: string
  /** What it calls the file at a path in the package, and where. */
  named(path: string): { readonly name: string; readonly at: Position } | undefined
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
  readonly readsSaid?: boolean
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
  const unread = unreadFiles(job)
  const needed = { needed: checks?.looksAt, unread: unread.note }
  const views = { objects, out, tree, base, from, composed, recipes, onlyChanged, ...needed }
  const made = tables ? await makeViews(session, views, ctx) : { recipes, views: [] }
  if (checks === undefined) unread.check()
  const serves = mayServe(session.tables.parsers)
  const derived = await writeDerived(nodes, out, { before: base, tree, serves, ...made }, ctx)
  if (checks === undefined) return { derived, asked: 0 }
  if (!tables) return { derived, asked: await lookAtTables(job, ctx) }
  const copies = temporaryBlobs(objects, () => session.tables.newPath())
  try {
    const { file } = copies
    const asked = await checkTables({ ...unread, session, objects, tree, derived, named: checks, file }, ctx)
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
  if (checks === undefined && job.readsSaid !== true) return 0
  const { out, objects, file, drop } = temporaryBlobs(job.objects, () => session.tables.newPath())
  try {
    const unread = unreadFiles(job)
    const only = job.readsSaid === true ? ('said' as const) : ('needed' as const)
    const which = { onlyChanged: true, needed: checks?.looksAt, only }
    const views = {
      objects,
      out,
      tree,
      base,
      from,
      composed,
      recipes,
      bytesAt,
      unread: unread.note,
      ...which,
    }
    const made = await makeViews(session, views, ctx)
    if (checks === undefined) {
      unread.check()
      return 0
    }
    const derived = await writeDerived(nodeReader(objects), out, { before: base, tree, ...made }, ctx)
    return await checkTables({ ...unread, session, objects, tree, derived, named: checks, file }, ctx)
  } finally {
    drop()
  }
}

interface UnreadFiles {
  /** Of those that name checks, by their paths. */
  readonly reasons: ReadonlyMap<string, string>
  /** Those that are to be read and name none, where the build file names them. */
  readonly problems: Problems
  note(path: string, error: QuiltError, isSaid: boolean): boolean
  /** @throws INVALID listing them */
  check(): void
}

/** Why files have no table that are to have one: told with all else that is wrong, and not by the first of them. */
function unreadFiles({ checks, said }: Pick<TreeJob, 'checks' | 'said'>): UnreadFiles {
  const reasons = new Map<string, string>()
  const problems = problemsOf(said?.file ?? '')
  let hint: string | undefined
  return {
    reasons,
    problems,
    note: (path, { message, hint: why }, isSaid) => {
      if (checks?.files.has(path) === true) {
        reasons.set(path, message)
        return true
      }
      const file = isSaid ? said?.named(path) : undefined
      if (file === undefined) return false
      problems.add(file.at, noTable(file.name, message))
      hint ??= why
      return true
    },
    check: () => {
      if (problems.found.length > 0) throw problemsError(problems.file, problems.found, hint)
    },
  }
}
